import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { StartFailureError } from '@poc-tracker/http-service';

/** Milliseconds before the tracker is restarted. Doubled after each run that was shorter than STEADY_MS. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** After a run of this length the next pause is short again. */
const STEADY_MS = 60_000;

/** Longer than the default timeout of a request, so that requests in progress get their response. */
const STOP_MS = 20_000;

export interface TrackerProcessOptions {
  /** The built tracker. */
  bundle: string;
  env: NodeJS.ProcessEnv;
  say?: (line: string) => void;
}

/**
 * Runs the tracker as a child process. It is restarted if it ends by itself, and stopped with this process. If this
 * process is killed, the tracker notices the closed IPC channel and stops.
 */
export class TrackerProcess {
  private child: ChildProcess | undefined;
  private readonly stopping = new AbortController();
  private readonly say: (line: string) => void;
  private supervision: Promise<void> = Promise.resolve();
  private address = '';

  private constructor(private readonly options: TrackerProcessOptions) {
    this.say = options.say ?? ((line) => void process.stderr.write(`${line}\n`));
  }

  /** @throws StartFailureError if it ends before it serves; it has printed the reason itself */
  static async start(options: TrackerProcessOptions): Promise<TrackerProcess> {
    const tracker = new TrackerProcess(options);
    if (!(await tracker.launch())) {
      throw new StartFailureError('The tracker could not be started. The reason is printed above.');
    }
    tracker.supervision = tracker.supervise();
    return tracker;
  }

  /** The URL at which it serves. */
  get url(): string {
    return this.address;
  }

  /** Lets it finish the requests in progress. Kills it after STOP_MS. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const { child } = this;
    if (child !== undefined && isRunning(child)) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const cut = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(cut);
    }
    await this.supervision;
  }

  /** @returns false if it ended before it served */
  private async launch(): Promise<boolean> {
    const child = fork(this.options.bundle, {
      env: this.options.env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child = child;
    const ready = new Promise<boolean>((resolve) => {
      child.once('message', (message: { ready: string }) => {
        this.address = message.ready;
        resolve(true);
      });
      child.once('exit', () => resolve(false));
      child.once('error', () => resolve(false));
    });
    return ready;
  }

  private async supervise(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      const began = Date.now();
      await ended(this.child);
      if (Date.now() - began > STEADY_MS) pause = FIRST_PAUSE_MS;
      // Ctrl-C reaches both processes, and the tracker may end first.
      await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      this.say('The tracker has ended. Restarting it …');
      await this.launch();
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }
}

function isRunning(child: ChildProcess): boolean {
  // Without an id it was never started, and there is no exit event.
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child !== undefined && isRunning(child)) await once(child, 'exit');
}
