import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { isDirectConnection } from '@poc-tracker/tenancy';
import { Client } from 'pg';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';

/** A committed change, as the triggers of the tracker's tables notify of it. */
export interface PocChange {
  tenantId: string;
  pocId: string;
  event: string;
  /** Id of the changed file or collaborator; null for a change of the POC itself. */
  subjectId: string | null;
}

export interface ChangeListener {
  changed(change: PocChange): void;
  /** Called after the connection was lost: changes may have been missed. */
  missed(): void;
}

const CHANNEL = 'poc_changes';
const EVENT_NAME = /^[a-z]+\.[a-z]+$/;
const CONNECT_MS = 5_000;
const RETRY_MS = 1_000;

/**
 * Receives the notifications of PostgreSQL about changes, whichever process made them. It uses one connection of its own,
 * which is open while there is a listener.
 */
@Injectable()
export class PocChangeListener implements OnModuleDestroy {
  private readonly logger = new Logger(PocChangeListener.name);
  private listener: ChangeListener | undefined;
  private client: Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private ready: Promise<void> | undefined;
  private toldOfPooler = false;

  constructor(@Inject(TRACKER_CONFIG) private readonly config: Pick<TrackerConfig, 'database'>) {}

  /** Resolves when all later changes will be received. @throws Error if the server cannot be reached. */
  async start(listener: ChangeListener): Promise<void> {
    this.listener = listener;
    try {
      await (this.ready ??= this.connect());
    } catch (error) {
      this.ready = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.retry);
    const { client } = this;
    this.listener = undefined;
    this.client = undefined;
    this.ready = undefined;
    await client?.end().catch(() => undefined);
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  private async connect(): Promise<void> {
    const { serviceUrl, tls } = this.config.database;
    const client = new Client({
      connectionString: serviceUrl,
      ...(tls && { ssl: { rejectUnauthorized: true } }),
      application_name: 'poc-tracker-events',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    });
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => {
      const change = readChange(payload);
      if (change !== undefined) this.listener?.changed(change);
    });
    try {
      await client.connect();
      // eslint-disable-next-line poc/sql-in-repositories -- LISTEN makes this connection one that receives notifications.
      if (await isDirectConnection(client)) await client.query(`LISTEN ${CHANNEL}`);
      else this.tellOfPooler();
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    // The listener was removed meanwhile, or another attempt was faster: changes must not be received twice.
    if (this.listener === undefined || this.client !== undefined) await client.end();
    else this.client = client;
  }

  /** Once, because a pooler may close the connection again and again. */
  private tellOfPooler(): void {
    if (this.toldOfPooler) return;
    this.toldOfPooler = true;
    this.logger.warn(
      'The database is reached through a connection pooler, which delivers no notifications: event streams of POCs stay silent.',
    );
  }

  private lost(client: Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.scheduleRetry(() =>
      this.logger.warn('The connection for change notifications was lost. Reconnecting.'),
    );
  }

  /** @param report called first, unless the listener is stopped before: a database may stop together with this process. */
  private scheduleRetry(report?: () => void): void {
    this.retry = setTimeout(() => {
      report?.();
      this.connect().then(
        () => this.listener?.missed(),
        () => {
          if (this.listener !== undefined) this.scheduleRetry();
        },
      );
    }, RETRY_MS);
    this.retry.unref();
  }
}

/** Every login of the database may send to the channel, so payloads are validated. */
function readChange(payload: string | undefined): PocChange | undefined {
  try {
    const change = JSON.parse(payload ?? '') as Partial<PocChange> | null;
    const { tenantId, pocId, event } = change ?? {};
    const valid = [tenantId, pocId, event].every((value) => typeof value === 'string');
    return valid && EVENT_NAME.test(String(event)) ? (change as PocChange) : undefined;
  } catch {
    return undefined;
  }
}
