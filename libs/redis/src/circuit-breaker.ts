import { inTime } from './in-time.js';

/** While the circuit is open, one command in this time asks whether Redis works again. */
const RETRY_MS = 1_000;

export interface CircuitOptions {
  /** Longest wait for the answer to a command. */
  readonly deadlineMs: number;
  /** Commands in flight. Above it Redis is too slow, and more would only pile up. */
  readonly maxInFlight?: number;
  /** Which errors open the circuit; all by default. Any other one is an answer, like a success. */
  readonly opensOn?: (error: unknown) => boolean;
  /** Called when the circuit opens, and not again before it closes. */
  readonly onOpen?: (error: unknown) => void;
  readonly onClose?: () => void;
  /** A monotonic clock in milliseconds, which a test can move. */
  readonly now?: () => number;
}

/**
 * Bounds what a failing Redis costs: a short wait, then that of one command a second. The circuit is open from the first failure
 * until a command succeeds that was sent after it.
 */
export class CircuitBreaker {
  private readonly now: () => number;
  private inFlight = 0;
  /** When Redis is asked again; undefined while the circuit is closed. */
  private retryAt: number | undefined;
  private openings = 0;

  constructor(private readonly options: CircuitOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  get isOpen(): boolean {
    return this.retryAt !== undefined;
  }

  /** Whether the caller should ask Redis now. While the circuit is open, true once a second. */
  allowsRequest(): boolean {
    if (this.inFlight >= (this.options.maxInFlight ?? Infinity)) return false;
    if (this.retryAt === undefined) return true;
    const now = this.now();
    if (now < this.retryAt) return false;
    // The next commands do not wait for the outcome of this one.
    this.retryAt = now + RETRY_MS;
    return true;
  }

  /**
   * Runs a command, also while the circuit is open: a caller that can do without Redis calls `allowsRequest` first. One that
   * cannot waits for the deadline at most, and its success closes the circuit.
   * @throws the error of the command, or NoAnswerError if it takes too long.
   */
  async run<T>(command: () => Promise<T>): Promise<T> {
    const { deadlineMs, opensOn = () => true } = this.options;
    const { openings } = this;
    this.inFlight += 1;
    try {
      const answer = await inTime(command(), deadlineMs);
      this.close(openings);
      return answer;
    } catch (error) {
      if (opensOn(error)) this.open(error);
      else this.close(openings);
      throw error;
    } finally {
      this.inFlight -= 1;
    }
  }

  /** Opens the circuit for a failure that is not that of a command, such as a lost connection. */
  open(error: unknown): void {
    const wasOpen = this.isOpen;
    this.retryAt = this.now() + RETRY_MS;
    if (wasOpen) return;
    this.openings += 1;
    this.options.onOpen?.(error);
  }

  /**
   * Closes the circuit, unless it has opened since the answered command was sent. A slow Redis answers some of the commands that
   * are in flight when another one fails, and the circuit would close and open in turn.
   */
  private close(openings: number): void {
    if (!this.isOpen || openings !== this.openings) return;
    this.retryAt = undefined;
    this.options.onClose?.();
  }
}
