import {
  type ProbeConnection,
  type ServerState,
  UnansweredProbeError,
} from './probe-connection.js';

/**
 * Between two probes. The verdict is kept by a timer of its own, so that it does not depend on how often load balancers ask:
 * some do every second, and some every half a minute.
 */
const INTERVAL_MS = 2_000;

/**
 * For this time without an answer, PostgreSQL counts as writable if it was so before. A busy server is slow, and taking its
 * instances out of service would move the load to the others.
 */
const TOLERANCE_MS = 10_000;

/** Knows whether PostgreSQL accepts writes. */
export class WriteProbe {
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private state: ServerState | undefined;
  /** The last answer, if it was a refusal. */
  private refusal: Error | undefined;
  /** Start of the first probe since the last confirmed write. A process that was suspended has asked nothing and waits for nothing. */
  private waitingSince: number | undefined;

  constructor(private readonly connection: Pick<ProbeConnection, 'confirmWrite' | 'close'>) {}

  /** Probes until `close`, and resolves after the first probe, whatever its result. */
  async start(): Promise<void> {
    await this.probe();
    this.scheduleNext();
  }

  /**
   * The last known state of the server, without waiting for it. A refusal counts from the next probe on, and silence after
   * ten seconds, or at once if PostgreSQL has never answered.
   * @throws Error if PostgreSQL does not accept writes.
   */
  assertWritable(): ServerState {
    if (this.refusal !== undefined) throw this.refusal;
    const { state, waitingSince } = this;
    const silent = waitingSince !== undefined && performance.now() - waitingSince >= TOLERANCE_MS;
    if (state === undefined || silent) throw new UnansweredProbeError();
    return state;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.connection.close();
  }

  private scheduleNext(): void {
    if (this.closed) return;
    const tick = () => void this.probe().then(() => this.scheduleNext());
    this.timer = setTimeout(tick, INTERVAL_MS).unref();
  }

  /** Keeps the result, and throws no error. */
  private async probe(): Promise<void> {
    this.waitingSince ??= performance.now();
    try {
      this.state = await this.connection.confirmWrite();
      this.refusal = undefined;
      this.waitingSince = undefined;
    } catch (error) {
      if (!(error instanceof UnansweredProbeError)) this.refusal = error as Error;
    }
  }
}
