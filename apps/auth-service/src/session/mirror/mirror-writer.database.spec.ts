import { PlatformDatabase } from '@poc-tracker/tenancy';
import {
  createTestDatabase,
  redisUrl,
  seedTenant,
  seedUser,
  type TestDatabase,
} from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mirrorCursorKey, sessionKey } from '../../redis/session-keys.js';
import { MirrorStore } from './mirror-store.js';
import { MirrorWriter } from './mirror-writer.js';
import { BATCH, SessionMirrorRepository } from './session-mirror.repository.js';

/** More changes than one query returns, and so many tenants that PostgreSQL prefers a merge join where it may choose. */
const TENANTS = 51;
const SESSIONS = TENANTS * 100;

const RUNNING = new AbortController().signal;

let database: TestDatabase;
let platform: PlatformDatabase;
let redis: Redis;
let source: string;
let first: Session;
let second: Session;
let last: Session;

interface Session {
  tenantId: string;
  id: string;
}

beforeAll(async () => {
  database = await createTestDatabase();
  platform = new PlatformDatabase({ url: database.platformUrl, tls: false });
  redis = new Redis(redisUrl());
  const { tenantId } = await seedTenant(database);
  await seedUser(database, tenantId);
  await database.sql(
    `WITH more AS (
       INSERT INTO tenants (name, subdomain) SELECT n, 'many-' || n FROM generate_series(2, $1::int) n RETURNING id)
     INSERT INTO users (tenant_id, email, password_hash, first_name, last_name)
     SELECT more.id, u.email, u.password_hash, u.first_name, u.last_name FROM more, users u`,
    [TENANTS],
  );
  await database.sql(
    `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
     SELECT u.tenant_id, u.id, sha256(n::text::bytea), 'x', now() + interval '1 hour'
       FROM users u, generate_series(1, $1::int) n`,
    [SESSIONS / TENANTS],
  );
  const pages = await database.sql<Session>(
    'SELECT tenant_id AS "tenantId", id FROM user_sessions ORDER BY tenant_id, id',
  );
  expect(pages).toHaveLength(SESSIONS);
  [first, second, last] = [pages[0], pages[1], pages.at(-1)] as [Session, Session, Session];
  ({ source } = await new SessionMirrorRepository(platform).changesSince(undefined));
});

afterAll(async () => {
  await redis.quit();
  await platform.close();
  await database.drop();
});

/** Counts how often all sessions and their changes are read, and may do something before a page. */
class ObservedSessions extends SessionMirrorRepository {
  walks = 0;
  reads = 0;

  constructor(
    private readonly beforePage: (page: number) => Promise<unknown> = () => Promise.resolve(),
    private readonly beforeRead: (read: number) => void = () => undefined,
  ) {
    super(platform);
  }

  override changesSince(cursor: string | undefined) {
    this.beforeRead((this.reads += 1));
    return super.changesSince(cursor);
  }

  override async *all() {
    this.walks += 1;
    let page = 0;
    for await (const rows of super.all()) {
      yield rows;
      await this.beforePage((page += 1));
    }
  }
}

/** A writer that has the lease of another one that stopped. */
async function writerOn(sessions: SessionMirrorRepository): Promise<MirrorWriter> {
  const store = new MirrorStore(redis, source, 'writer');
  expect(await store.claim()).toBe(true);
  const writer = new MirrorWriter(sessions, store, RUNNING);
  await writer.start();
  return writer;
}

const mirrored = async ({ tenantId, id }: Session) =>
  JSON.parse((await redis.get(sessionKey(tenantId, id))) ?? 'null') as {
    lastAccessed: string;
  } | null;

const useAll = (at: string) =>
  database.sql('UPDATE session_changes SET last_accessed_at = $1, xid = pg_current_xact_id()', [
    at,
  ]);

describe('the writer of the mirror', () => {
  it('builds it once, however much changes in the meantime, and writes the changes afterwards', async () => {
    const at = '2026-01-02T03:04:05.000Z';
    const sessions = new ObservedSessions(async (page) => {
      if (page !== 2) return;
      expect(await mirrored(first)).not.toBeNull();
      await useAll(at);
      await database.sql('UPDATE user_sessions SET is_active = false WHERE id = $1', [first.id]);
    });
    await redis.del(mirrorCursorKey(source));
    const writer = await writerOn(sessions);
    expect(await writer.update(true)).toMatchObject({ complete: true, more: false });
    expect([sessions.walks, sessions.reads]).toEqual([1, 3]);
    expect(await mirrored(first)).toBeNull();
    expect([await mirrored(second), await mirrored(last)]).toMatchObject([
      { lastAccessed: at },
      { lastAccessed: at },
    ]);
    await writer.update(true);
    expect(sessions.walks).toBe(1);
  });

  it('is continued in the middle of many changes of one transaction, and the position does not look newer than it is', async () => {
    const at = '2026-02-03T04:05:06.000Z';
    const cursor = mirrorCursorKey(source);
    const stopping = await writerOn(
      new ObservedSessions(undefined, (read) => {
        if (read === 2) throw new Error('the writer stops');
      }),
    );
    await redis.pexpire(cursor, 60_000);
    await useAll(at);
    await expect(stopping.update(true)).rejects.toThrow('the writer stops');
    expect([await mirrored(second), await mirrored(last)]).toMatchObject([
      { lastAccessed: at },
      { lastAccessed: expect.not.stringMatching(at) as string },
    ]);
    expect(await redis.pttl(cursor)).toBeLessThanOrEqual(60_000);
    const sessions = new ObservedSessions();
    const next = await writerOn(sessions);
    await next.update(true);
    expect([sessions.walks, sessions.reads]).toEqual([0, 1]);
    expect(await mirrored(last)).toMatchObject({ lastAccessed: at });
    expect(await redis.pttl(cursor)).toBeLessThanOrEqual(60_000);
    await next.update(true);
    expect(await redis.pttl(cursor)).toBeGreaterThan(60_000);
  });

  it('reads each session once to build it, however many pages there are', async () => {
    await database.sql('ANALYZE');
    await platform.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      const sessions = new SessionMirrorRepository(transaction as unknown as PlatformDatabase);
      const readRows = async () => {
        const [table] = await transaction.query<{ rows: number }>(
          `SELECT (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables WHERE relname = 'user_sessions'`,
        );
        return table?.rows ?? NaN;
      };
      const before = await readRows();
      let pages = 0;
      for await (const rows of sessions.all()) pages += rows.length > 0 ? 1 : 0;
      expect(pages).toBe(Math.ceil(SESSIONS / BATCH));
      expect((await readRows()) - before).toBe(SESSIONS);
    });
  });

  it('stops between two pages when its process stops', async () => {
    const stop = new AbortController();
    const sessions = new ObservedSessions((page) => {
      if (page === 2) stop.abort(new Error('the process stops'));
      return Promise.resolve();
    });
    await redis.del(mirrorCursorKey(source));
    await writerOn(sessions);
    const store = new MirrorStore(redis, source, 'writer');
    const writer = new MirrorWriter(sessions, store, stop.signal);
    await expect(writer.update(true)).rejects.toThrow('the process stops');
    expect(await store.position()).toBeUndefined();
  });
});
