import { type FeedTransport, type FeedListener, Timestamp } from '@poc-tracker/auth-kit';
import { Logger } from '@nestjs/common';
import {
  type FeedAnswer,
  FeedConnection,
  type FeedConnectionOptions,
  type FeedCursor,
} from './feed.connection.js';

/** Between two questions. With the time that an answer takes it stays well below the 100 ms that memory may be old. */
const POLL_EVERY_MS = 30;

/** Questions under way at a time: a slow answer must not keep the next question from being sent. */
const MAX_UNDER_WAY = 3;

/** PostgreSQL keeps events for 20 minutes; a cursor that nobody used for this long is not believed any more. */
const CURSOR_LIFE_MS = 15 * 60 * 1000;

/**
 * Between two questions while resting: they find out whether the connection lives, and, asked from where this process was
 * answered last, bound for how long lines that somebody else forged could hide an event.
 */
const REST_POLL_EVERY_MS = 2_000;

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

export interface PostgresFeedOptions extends FeedConnectionOptions {
  pollEveryMs?: number;
}

/**
 * Brings revocations from PostgreSQL itself. The questions, every 30 ms, are the truth; the notification that rings
 * when an event is committed only makes the next question come at once.
 */
export class PostgresFeedTransport implements FeedTransport {
  private readonly logger = new Logger(PostgresFeedTransport.name);
  private readonly pollEveryMs: number;
  private listener: FeedListener | undefined;
  private connection: FeedConnection | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retryMs = FIRST_RETRY_MS;
  private warned = false;
  private stopped = false;
  private underWay = 0;
  private again = false;
  private asked: Timestamp | undefined;
  private cursor: { value: FeedCursor; asOf: Timestamp } | undefined;

  /** True while somebody else keeps the memory fresh: hardly a question is sent of its own accord. */
  resting = false;
  /** Told of every answer after the listener was, in the order of the questions. */
  onAnswer: ((answer: FeedAnswer) => void) | undefined;

  constructor(private readonly options: PostgresFeedOptions) {
    this.pollEveryMs = options.pollEveryMs ?? POLL_EVERY_MS;
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  start(listener: FeedListener): void {
    this.listener = listener;
    void this.connect();
  }

  poll(): void {
    if (this.connection === undefined) return;
    // Without a cursor each answer says that there is a gap: one of them is enough.
    const most = this.usableCursor() === undefined ? 1 : MAX_UNDER_WAY;
    if (this.underWay >= most) this.again = true;
    else void this.ask(this.connection);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { connection } = this;
    this.connection = undefined;
    await connection?.close();
  }

  private async connect(): Promise<void> {
    try {
      const connection = await FeedConnection.open(this.options, {
        bell: () => {
          if (!this.resting) this.poll();
        },
        lost: (error) => this.reconnect(error),
      });
      if (this.stopped) {
        await connection.close();
        return;
      }
      this.connection = connection;
      this.underWay = 0;
      if (this.warned) this.logger.log('The feed of revocations is connected again.');
      this.warned = false;
      this.poll();
      this.schedule();
    } catch (error) {
      this.reconnect(error as Error);
    }
  }

  private reconnect(error: Error): void {
    if (this.stopped) return;
    this.connection = undefined;
    clearTimeout(this.timer);
    if (!this.warned) {
      this.logger.warn(
        `The feed of revocations has no database: ${error.message} Until it has, every request asks about its session.`,
      );
    }
    this.warned = true;
    this.timer = setTimeout(() => void this.connect(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      if (!this.resting || (this.asked?.age ?? Infinity) >= REST_POLL_EVERY_MS) this.poll();
      this.schedule();
    }, this.pollEveryMs);
  }

  private async ask(connection: FeedConnection): Promise<void> {
    this.asked = Timestamp.now();
    this.underWay += 1;
    try {
      const answer = await connection.ask(this.usableCursor());
      if (connection !== this.connection) return;
      this.underWay -= 1;
      this.take(answer);
    } catch {
      // The connection has told of its loss, and is being replaced.
    }
  }

  private take(answer: FeedAnswer): void {
    this.retryMs = FIRST_RETRY_MS;
    this.cursor = { value: answer.cursor, asOf: answer.askedAt };
    if (!answer.complete) this.listener?.gap();
    this.listener?.tell(answer.events, answer.askedAt);
    this.onAnswer?.(answer);
    if (!this.again) return;
    this.again = false;
    this.poll();
  }

  private usableCursor(): FeedCursor | undefined {
    return this.cursor !== undefined && this.cursor.asOf.age < CURSOR_LIFE_MS
      ? this.cursor.value
      : undefined;
  }
}
