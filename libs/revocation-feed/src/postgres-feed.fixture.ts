import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { FeedSubscriber, RevocationEvent, Timestamp } from '@poc-tracker/auth-kit';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { expect, vi } from 'vitest';
import { PostgresFeedTransport } from './postgres-feed.transport.js';

/** Records what it receives. */
export class RecordingSubscriber implements FeedSubscriber {
  readonly events: RevocationEvent[] = [];
  gaps = 0;
  completeAsOf: Timestamp | undefined;

  onEvents(events: readonly RevocationEvent[], completeAsOf: Timestamp | undefined): void {
    this.events.push(...events);
    this.completeAsOf = completeAsOf;
  }

  onGap(): void {
    this.gaps += 1;
  }

  /** How often an event about the subject arrived. */
  count(id: string): number {
    return this.events.filter((event) => event.id === id).length;
  }
}

/** A migrated database with one tenant and one user, and a transport of its revocation feed. */
export class PostgresFeed {
  transport!: PostgresFeedTransport;
  subscriber!: RecordingSubscriber;

  private constructor(
    readonly db: TestDatabase,
    readonly admin: pg.Pool,
    readonly tenantId: string,
    readonly userId: string,
  ) {}

  static async create(): Promise<PostgresFeed> {
    const db = await createTestDatabase();
    const admin = new pg.Pool({ connectionString: db.adminUrl });
    admin.on('error', () => undefined);
    const { tenantId } = await seedTenant(db);
    const { userId } = await seedUser(db, tenantId);
    return new PostgresFeed(db, admin, tenantId, userId);
  }

  /** Starts a transport, silently, and waits for its first gap. */
  async start(pollEveryMs?: number): Promise<void> {
    vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    vi.spyOn(Logger.prototype, 'log').mockReturnValue();
    this.subscriber = new RecordingSubscriber();
    this.transport = new PostgresFeedTransport({
      databaseUrl: this.db.serviceUrl,
      tls: false,
      applicationName: 'spec',
      ...(pollEveryMs !== undefined && { pollEveryMs }),
    });
    this.transport.start(this.subscriber);
    await vi.waitFor(() => expect(this.subscriber.gaps).toBe(1));
  }

  async stop(): Promise<void> {
    await this.transport.stop();
    vi.restoreAllMocks();
  }

  async drop(): Promise<void> {
    await this.admin.end();
    await this.db.drop();
  }

  async openSession(): Promise<string> {
    const { rows } = await this.admin.query<{ id: string }>(
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, sha256($3::text::bytea), '\\x00', now() + interval '1 day') RETURNING id`,
      [this.tenantId, this.userId, randomUUID()],
    );
    return rows[0]?.id ?? '';
  }

  async revoke(sessionId: string, client: pg.Pool | pg.PoolClient = this.admin): Promise<void> {
    await client.query('UPDATE user_sessions SET is_active = false WHERE id = $1', [sessionId]);
  }

  /** Waits for an event about the subject. */
  async delivered(id: string): Promise<void> {
    await vi.waitFor(() => expect(this.subscriber.count(id)).toBeGreaterThan(0), {
      timeout: 5_000,
      interval: 5,
    });
  }

  /** Lets the database refuse or accept new connections, except for those of administrators. */
  async admitConnections(admit: boolean): Promise<void> {
    const { rows } = await this.admin.query<{ name: string }>('SELECT current_database() AS name');
    await this.admin.query(
      `ALTER DATABASE "${rows[0]?.name ?? ''}" CONNECTION LIMIT ${admit ? -1 : 0}`,
    );
  }

  /** Terminates the connection of the transport. */
  async terminate(): Promise<void> {
    await this.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'spec-feed' AND datname = current_database()`,
    );
  }
}
