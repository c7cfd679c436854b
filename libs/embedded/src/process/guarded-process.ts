import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { ServerIdentity } from './server-identity.js';

/**
 * The guard: starts the server, reads a pipe whose other end only our process holds, and stops the server when that
 * pipe ends, which the kernel does for us even after SIGKILL. It is the server's parent, so no pid can be mistaken.
 * It ignores what is meant for the server, because a guard that dies early leaves the server unguarded.
 * $1 = folder to remove at the end or empty; $2 = signal; the rest is the command. dash and bash alike.
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
  /** File descriptor that takes what the server prints; it may be closed once this has returned. */
  output: number;
  /** The server's own signal for an orderly stop. */
  stopSignal: 'INT' | 'TERM' | 'QUIT';
  /**
   * Removed once the server was stopped, by us or by our death; must belong to `identity`. After a server that ended
   * by itself it stays: its log tells why.
   */
  removeAfterwards?: string;
}

/**
 * A server program bound to the life of this process: it ends when `stop` is called and when this process dies, by
 * whatever signal. It has a process group of its own, so that a terminal's Ctrl-C reaches it only through us.
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
        // A server must not keep a folder busy, and root's folder may be closed to the account it drops to.
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
    // Neither may keep this process alive: a start that fails must be able to end by itself.
    this.guard.unref();
    (this.pipe as Writable & { unref(): void }).unref();
    this.pipe.on('error', () => undefined);
  }

  get running(): boolean {
    return (
      this.guard.pid !== undefined && this.guard.exitCode === null && this.guard.signalCode === null
    );
  }

  /** Stops the server in order and resolves when it is gone; harmless when it is gone already. */
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
