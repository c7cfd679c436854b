import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { StartFailureError } from '@poc-tracker/http-service';

/** Milliseconds before the tracker is started again, doubled with each time that it did not stay. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Having run for this long it counts as started well. */
const STEADY_MS = 60_000;

/** Longer than any request may take by default: what is in flight is answered before it is cut. */
const STOP_MS = 20_000;

export interface TrackerProcessOptions {
  /** The built tracker. */
  bundle: string;
  env: NodeJS.ProcessEnv;
  say?: (line: string) => void;
}

/**
 * The tracker as a process beside ours: started again when it ends by itself, and stopped with us. Should we be killed
 * without a word, the closing of the channel between us tells it to stop.
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

  /** @throws StartFailureError when it ends before it serves; it has said why by then. */
  static async start(options: TrackerProcessOptions): Promise<TrackerProcess> {
    const tracker = new TrackerProcess(options);
    if (!(await tracker.launch())) {
      throw new StartFailureError(
        'The tracker could not be started beside the service, for the reason given above.',
      );
    }
    tracker.supervision = tracker.supervise();
    return tracker;
  }

  /** Where it serves. */
  get url(): string {
    return this.address;
  }

  /** Lets it finish what is in flight, and ends it when it takes too long. */
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

  /** @returns false when it ended before it served. */
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
      // Ctrl-C reaches it as well as us, and it may be the first to end.
      await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
      this.say('The tracker has ended; it is started again.');
      await this.launch();
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }
}

function isRunning(child: ChildProcess): boolean {
  // Without an id it was never started, and no exit will be told of it.
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child !== undefined && isRunning(child)) await once(child, 'exit');
}
