import { Client } from 'pg';
import { pinSettings } from './transaction/session-settings.js';

export interface WriteProbeOptions {
  /** URL of the service's login. */
  url: string;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Name of the connection on the server. */
  applicationName: string;
  login: keyof typeof PROBES;
  /** Milliseconds since some point in time. Default: the process's monotonic clock. */
  now?: () => number;
}

/** The routes that ask are public: however often they are called, PostgreSQL is asked once in this time. */
const CACHE_MS = 1_000;

/** A caller waits no longer for a running probe, because load balancers often wait for one second only. */
const PATIENCE_MS = 500;

/**
 * For this time after its last success, a probe that is still running counts as one that succeeds. A busy server is slow, and
 * taking its instances out of service would move the load to the others.
 */
const TOLERANCE_MS = 10_000;

/** After this time the connection is replaced: its server may have disappeared without closing it. */
const STATEMENT_MS = 5_000;
const CONNECT_MS = 2_000;

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
  service: `BEGIN; SELECT id FROM users LIMIT 0; ${WRITE}`,
  tracker: `BEGIN; SELECT id FROM pocs LIMIT 0; ${WRITE}`,
} as const;

interface ServerState {
  version: string;
}

/**
 * Tells whether PostgreSQL accepts writes, on a connection of its own: an exhausted pool or a long queue of password hashes
 * does not delay the answer.
 */
export class WriteProbe {
  private readonly now: () => number;
  private client: Client | undefined;
  private running: Promise<ServerState> | undefined;
  private last: { at: number; result: Promise<ServerState> } | undefined;
  private lastSuccess: { at: number; state: ServerState } | undefined;

  constructor(private readonly options: WriteProbeOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /** Resolves within half a second. @throws Error if PostgreSQL does not accept writes. */
  async assertWritable(): Promise<ServerState> {
    if (this.running === undefined && this.last !== undefined) {
      if (this.now() - this.last.at < CACHE_MS) return this.last.result;
    }
    const running = (this.running ??= this.start());
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
    });
    try {
      return (await Promise.race([running, impatience])) ?? this.stillValid();
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private stillValid(): ServerState {
    if (this.lastSuccess !== undefined && this.now() - this.lastSuccess.at < TOLERANCE_MS)
      return this.lastSuccess.state;
    throw new Error('PostgreSQL does not confirm a write in time.');
  }

  private start(): Promise<ServerState> {
    const result = this.probe();
    const settle = (): void => {
      this.running = undefined;
      this.last = { at: this.now(), result };
    };
    result.then((state) => {
      settle();
      this.lastSuccess = { at: this.now(), state };
    }, settle);
    return result;
  }

  private async probe(): Promise<ServerState> {
    try {
      const client = (this.client ??= await this.connect());
      const results = (await client.query(PROBES[this.options.login])) as unknown as {
        rows: { version?: string; read_only?: boolean }[];
      }[];
      const [state] = results.at(-2)?.rows ?? [];
      if (state?.version === undefined || state.read_only !== false)
        throw new Error('PostgreSQL is read-only.');
      return { version: state.version.split(' ')[0] ?? '' };
    } catch (error) {
      // Its transaction may still be open.
      void this.close();
      throw error;
    }
  }

  private async connect(): Promise<Client> {
    const { url, tls, applicationName } = this.options;
    const client = new Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: STATEMENT_MS,
      keepAlive: true,
      ...(tls && { ssl: { rejectUnauthorized: true } }),
    });
    // An error event without a listener would end the process. The next probe connects again.
    client.on('error', () => {
      if (this.client === client) this.client = undefined;
    });
    try {
      await client.connect();
      await pinSettings(client);
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }
}
