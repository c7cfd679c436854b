import { Socket } from 'node:net';
import { Client } from 'pg';
import { BEGIN_PINNED, pinSettings } from '../transaction/session-settings.js';

export interface ProbeConnectionOptions {
  /** URL of the service's login. */
  url: string;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Name of the connection on the server. */
  applicationName: string;
  login: keyof typeof PROBES;
  /** Milliseconds for an answer, including the connection. Default 5 seconds. */
  answerMs?: number;
}

export interface ServerState {
  version: string;
}

/** PostgreSQL did not answer in time. Any other error is an answer: it refuses connections or writes. */
export class UnansweredProbeError extends Error {
  constructor() {
    super('PostgreSQL does not confirm a write in time.');
  }
}

/** After this time the connection is replaced: its server may have disappeared without closing it. */
const ANSWER_MS = 5_000;

/** After this time an idle connection is cut: on a dead network its end is never confirmed, and the process would not stop. */
const CLOSE_MS = 1_000;

/**
 * Sorts half a megabyte with little memory, so that PostgreSQL writes a temporary file, which fails while the disk is full.
 * Then commits a record of the write-ahead log, which fails on a standby and hangs with the disk. No row is written, because
 * the login may write none outside of a tenant.
 */
const WRITE = `
  SET LOCAL work_mem = '64kB';
  SELECT count(*) FROM
    (SELECT repeat(md5(i::text), 8) FROM generate_series(1, 2000) AS i ORDER BY 1 OFFSET 0) AS sorted;
  SELECT pg_logical_emit_message(true, 'poc-tracker health', '');
  SELECT current_setting('server_version') AS version, current_setting('transaction_read_only') = 'on' AS read_only;
  COMMIT` as const;

/** Without the schema no request can be answered. PostgreSQL checks the table and the right to it, and reads no row. */
const PROBES = {
  service: `${BEGIN_PINNED}; SELECT id FROM users LIMIT 0; ${WRITE}`,
  tracker: `${BEGIN_PINNED}; SELECT id FROM pocs LIMIT 0; ${WRITE}`,
} as const;

/**
 * Asks PostgreSQL to write, on a connection of its own: an exhausted pool or a long queue of password hashes does not delay
 * the answer. Connects again after every failure.
 */
export class ProbeConnection {
  private socket: Socket | undefined;
  private client: Client | undefined;
  private closed = false;

  constructor(private readonly options: ProbeConnectionOptions) {}

  /** @throws UnansweredProbeError without an answer in time; Error if PostgreSQL does not accept writes, or after `close`. */
  async confirmWrite(): Promise<ServerState> {
    let unanswered = false;
    const timer = setTimeout(() => {
      unanswered = true;
      this.destroy();
    }, this.options.answerMs ?? ANSWER_MS);
    try {
      return await this.ask(this.client ?? (await this.connect()));
    } catch (error) {
      // Its transaction may still be open.
      this.destroy();
      throw unanswered ? new UnansweredProbeError() : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends a running probe as well, whether it is connecting or waits for the answer. Takes at most a second. */
  async close(): Promise<void> {
    this.closed = true;
    const { client } = this;
    if (client === undefined) {
      this.destroy();
      return;
    }
    const timer = setTimeout(() => this.destroy(), CLOSE_MS);
    await client.end().finally(() => clearTimeout(timer));
  }

  private async ask(client: Client): Promise<ServerState> {
    const results = (await client.query(PROBES[this.options.login])) as unknown as {
      rows: { version?: string; read_only?: boolean }[];
    }[];
    const [state] = results.at(-2)?.rows ?? [];
    if (state?.version === undefined || state.read_only !== false)
      throw new Error('PostgreSQL is read-only.');
    return { version: state.version.split(' ')[0] ?? '' };
  }

  private async connect(): Promise<Client> {
    if (this.closed) throw new Error('The write probe is closed.');
    const { url, tls, applicationName } = this.options;
    // pg cannot end a client that is still connecting, but its socket can be destroyed at any time.
    const socket = new Socket();
    this.socket = socket;
    const client = new Client({
      connectionString: url,
      application_name: applicationName,
      keepAlive: true,
      stream: () => socket,
      ...(tls && { ssl: { rejectUnauthorized: true } }),
    });
    // An error event without a listener would end the process. The next probe connects again.
    client.on('error', () => {
      if (this.client === client) this.client = undefined;
    });
    await client.connect();
    this.client = client;
    await pinSettings(client);
    return client;
  }

  private destroy(): void {
    this.client = undefined;
    this.socket?.destroy();
  }
}
