import { Timestamp, readEventTuples, type RevocationEvent } from '@poc-tracker/auth-kit';
import { Client } from 'pg';

/** Up to where a reader has read, in words of PostgreSQL: opaque to everybody else. */
export type FeedCursor = string;

/** What came of one question. */
export interface FeedAnswer {
  cursor: FeedCursor;
  /** False: events may have been missed, and none are told. */
  complete: boolean;
  events: RevocationEvent[];
  /** When it was asked: what was committed before is in it. */
  askedAt: Timestamp;
}

export interface FeedConnectionOptions {
  /** URL of a login that may execute revocations_since(). */
  databaseUrl: string;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Name of the service; the connection shows as `<name>-feed`. */
  applicationName: string;
}

const CONNECT_MS = 2_000;

/** A question that takes longer is taken for a dead connection: the network may have lost it without a word. */
const ANSWER_MS = 1_000;

const CHANNEL = 'poc_tracker_revocations';

/**
 * One connection to PostgreSQL for the feed alone, on which questions are sent without waiting for earlier answers: a
 * pool's connections can all be busy, and then the memory would be blind just when it is needed most.
 */
export class FeedConnection {
  private lost = false;

  private constructor(
    private readonly client: Client,
    private readonly onLost: (error: Error) => void,
  ) {
    client.on('error', (error) => this.lose(error));
    client.on('end', () => this.lose(new Error('The connection was closed.')));
  }

  /**
   * @param listeners.bell a transaction that wrote an event has committed; told behind a transaction pooler never.
   * @param listeners.lost once, when the connection is of no more use.
   * @throws Error when the server cannot be reached.
   */
  static async open(
    options: FeedConnectionOptions,
    listeners: { bell: () => void; lost: (error: Error) => void },
  ): Promise<FeedConnection> {
    const client = new Client({
      connectionString: options.databaseUrl,
      ...(options.tls && { ssl: { rejectUnauthorized: true } }),
      application_name: `${options.applicationName}-feed`,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      pipeline: true,
    });
    client.on('notification', listeners.bell);
    let failed: Error | undefined;
    client.on('error', (error: Error) => {
      failed = error;
    });
    // What follows is not bounded by the client's own time for connecting.
    const timer = setTimeout(() => cut(client), CONNECT_MS + ANSWER_MS);
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      if (failed !== undefined) throw failed;
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return new FeedConnection(client, listeners.lost);
  }

  /** @throws Error when the connection is lost, or does not answer in time, which loses it. */
  async ask(cursor: FeedCursor | undefined): Promise<FeedAnswer> {
    const askedAt = Timestamp.now();
    const timer = setTimeout(() => {
      this.lose(new Error(`There was no answer within ${ANSWER_MS} ms.`));
    }, ANSWER_MS);
    try {
      const { rows } = await this.client.query<{
        next_cursor: string;
        complete: boolean;
        events: unknown;
      }>('SELECT * FROM revocations_since($1)', [cursor ?? null]);
      const [row] = rows;
      if (row === undefined || this.lost) throw new Error('The connection was lost.');
      const events = readEventTuples(row.events);
      return { cursor: row.next_cursor, complete: row.complete, events, askedAt };
    } catch (error) {
      this.lose(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives the connection back to the server; those who wait for an answer get an error. */
  async close(): Promise<void> {
    this.lost = true;
    const ended = this.client.end();
    const timer = setTimeout(() => cut(this.client), CONNECT_MS);
    await ended.catch(() => undefined);
    clearTimeout(timer);
  }

  private lose(error: Error): void {
    if (this.lost) return;
    this.lost = true;
    cut(this.client);
    this.onLost(error);
  }
}

/** Without a good-bye, which a server that does not answer would not take either. */
function cut(client: Client): void {
  const { connection } = client as unknown as {
    connection: { stream: { destroy: () => void } };
  };
  connection.stream.destroy();
}
