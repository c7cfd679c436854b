import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { ServerIdentity } from './server-identity.js';

/**
 * The guard starts the server, reads a pipe whose other end only this process has open, and stops the server when the pipe is
 * closed, which the kernel does even after SIGKILL. It is the server's parent, so the server's pid cannot be reused. It
 * ignores signals, because without a guard the server would keep running.
 * $1 = folder to remove at the end or empty; $2 = signal; the rest is the command. Works with dash and bash.
 */
const GUARD_SCRIPT = `
folder=$1 signal=$2
shift 2
trap '' HUP INT TERM
"$@" </dev/null 3<&- &
server=$!
( read -r _ <&3
  [ -z "$folder" ] || : > "$folder/.ending"
  kill -s "$signal" "$server" 2>/dev/null
  tries=0
  while kill -0 "$server" 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -s KILL "$server" 2>/dev/null
) &
reader=$!
wait "$server"
status=$?
kill -s KILL "$reader" 2>/dev/null
[ ! -e "$folder/.ending" ] || rm -rf -- "$folder"
exit $status
`;

interface GuardedProcessOptions {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  identity: ServerIdentity;
  /** File descriptor for the server's output. It may be closed after the constructor has returned. */
  output: number;
  /** The signal that shuts the server down. */
  stopSignal: 'INT' | 'TERM' | 'QUIT';
  /**
   * A folder owned by `identity`, removed after the server was stopped or this process died. If the server exits by itself
   * it is kept, because it contains the log.
   */
  removeAfterwards?: string;
}

/**
 * A server process that stops when `stop` is called or when this process dies, by any signal. It has its own process group,
 * so that Ctrl-C in a terminal does not reach it directly.
 */
export class GuardedProcess {
  private readonly guard: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(options: GuardedProcessOptions) {
    this.guard = spawn(
      '/bin/sh',
      [
        '-c',
        GUARD_SCRIPT,
        'guard',
        options.removeAfterwards ?? '',
        options.stopSignal,
        options.command,
        ...options.args,
      ],
      {
        ...options.identity,
        // A server must not keep a folder in use, and its account may not be able to enter the current one.
        cwd: '/',
        env: options.env,
        detached: true,
        stdio: ['ignore', options.output, options.output, 'pipe'],
      },
    );
    this.ended = new Promise((resolve) => {
      this.guard.once('exit', () => resolve());
      this.guard.once('error', () => resolve());
    });
    // Neither may keep this process alive, so that it can exit after a failed start.
    this.guard.unref();
    (this.pipe as Writable & { unref(): void }).unref();
    this.pipe.on('error', () => undefined);
  }

  get running(): boolean {
    return (
      this.guard.pid !== undefined && this.guard.exitCode === null && this.guard.signalCode === null
    );
  }

  /** Shuts the server down and resolves when it has exited. Does nothing if it has exited already. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.guard.ref();
    this.pipe.end();
    await this.ended;
  }

  private get pipe(): Writable {
    return this.guard.stdio[3] as Writable;
  }
}
