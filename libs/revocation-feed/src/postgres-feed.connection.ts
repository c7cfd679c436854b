import { readEventTuples, type RevocationEvent, Timestamp } from '@poc-tracker/auth-kit';
import { Client } from 'pg';
import { isDirectConnection } from '@poc-tracker/tenancy';

/** A position in the feed, opaque to everyone but PostgreSQL. */
export type FeedCursor = string;

/** Identifies one run of one PostgreSQL server and its database: results of two sources prove nothing about each other. */
export type FeedSource = string;

export interface PollResult {
  source: FeedSource;
  cursor: FeedCursor;
  /** False if events may be lost; then `events` is empty. */
  complete: boolean;
  events: RevocationEvent[];
  /** When the poll was sent: every event committed before has been delivered. */
  sentAt: Timestamp;
}

export interface FeedConnectionOptions {
  /** URL of a login that may execute revocations_since(). */
  databaseUrl: string;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Name of the service; the connection is named `<name>-feed`. */
  applicationName: string;
}

export interface FeedConnectionHandlers {
  /** A transaction that wrote an event has committed. Never called behind a connection pooler. */
  onNotification(): void;
  /** Called once, when the connection is no longer usable. */
  onLost(error: Error): void;
}

const CONNECT_MS = 2_000;

/** A poll that takes longer means a dead connection: the network may have dropped it silently. */
const RESPONSE_MS = 1_000;

const CHANNEL = 'poc_tracker_revocations';

/**
 * A dedicated connection to PostgreSQL that pipelines polls. The connections of a pool can all be busy, and then the feed
 * would stop just when it is needed most.
 */
export class PostgresFeedConnection {
  private lost = false;

  private constructor(
    private readonly client: Client,
    /** False behind a connection pooler. */
    readonly notifies: boolean,
    private readonly onLost: (error: Error) => void,
  ) {
    client.on('error', (error) => this.lose(error));
    client.on('end', () => this.lose(new Error('The connection was closed.')));
  }

  /** @throws Error if the server cannot be reached. */
  static async open(
    options: FeedConnectionOptions,
    handlers: FeedConnectionHandlers,
  ): Promise<PostgresFeedConnection> {
    const client = new Client({
      connectionString: options.databaseUrl,
      ...(options.tls && { ssl: { rejectUnauthorized: true } }),
      application_name: `${options.applicationName}-feed`,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      pipeline: true,
    });
    client.on('notification', () => handlers.onNotification());
    let failed: Error | undefined;
    let notifies: boolean;
    client.on('error', (error: Error) => {
      failed = error;
    });
    // The client's own timeout covers connecting but not LISTEN.
    const timer = setTimeout(() => destroySocket(client), CONNECT_MS + RESPONSE_MS);
    try {
      await client.connect();
      notifies = await isDirectConnection(client);
      if (notifies) await client.query(`LISTEN ${CHANNEL}`);
      if (failed !== undefined) throw failed;
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return new PostgresFeedConnection(client, notifies, (error) => handlers.onLost(error));
  }

  /** @throws Error if the connection is lost, or does not respond in time, which loses it. */
  async poll(cursor: FeedCursor | undefined): Promise<PollResult> {
    const sentAt = Timestamp.now();
    const timer = setTimeout(() => {
      this.lose(new Error(`PostgreSQL did not respond within ${RESPONSE_MS} ms.`));
    }, RESPONSE_MS);
    try {
      const { rows } = await this.client.query<{
        source: string;
        next_cursor: string;
        complete: boolean;
        events: unknown;
      }>('SELECT * FROM public.revocations_since($1)', [cursor ?? null]);
      const [row] = rows;
      if (row === undefined || this.lost) throw new Error('The connection was lost.');
      const events = readEventTuples(row.events);
      const { source, next_cursor, complete } = row;
      return { source, cursor: next_cursor, complete, events, sentAt };
    } catch (error) {
      this.lose(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connection; polls in flight are rejected. */
  async close(): Promise<void> {
    this.lost = true;
    const ended = this.client.end();
    const timer = setTimeout(() => destroySocket(this.client), CONNECT_MS);
    await ended.catch(() => undefined);
    clearTimeout(timer);
  }

  private lose(error: Error): void {
    if (this.lost) return;
    this.lost = true;
    destroySocket(this.client);
    this.onLost(error);
  }
}

/** Without the protocol's Terminate message, which a server that does not respond would not read either. */
function destroySocket(client: Client): void {
  const { connection } = client as unknown as {
    connection: { stream: { destroy: () => void } };
  };
  connection.stream.destroy();
}
