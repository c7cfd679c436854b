import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresFeed } from './postgres-feed.fixture.js';

let feed: PostgresFeed;

beforeAll(async () => {
  feed = await PostgresFeed.create();
});

afterAll(() => feed.drop());

describe('The table revocation_events', () => {
  it('can be polled through an index, under the policies of revocations_since()', async () => {
    const client = await feed.admin.connect();
    await client.query('BEGIN; SET LOCAL ROLE tenant_gatekeeper; SET LOCAL enable_seqscan = off');
    const planOf = async (condition: string): Promise<string> => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT r.kind FROM revocation_events r WHERE ${condition}`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const plans = [
      await planOf('r.xid >= pg_snapshot_xmax(pg_current_snapshot())'),
      await planOf('r.xid = ANY (ARRAY(SELECT pg_snapshot_xip(pg_current_snapshot())))'),
    ];
    await client.query('ROLLBACK');
    client.release();
    for (const plan of plans) {
      expect(plan).toContain('revocation_events_xid_idx');
      expect(plan).toMatch(/Index Cond: \(xid (>=|=)/);
    }
  });

  it('hides its rows from the service login, in every tenant context', async () => {
    const client = new pg.Client({ connectionString: feed.db.serviceUrl });
    await client.connect();
    await client.query(`SELECT set_user_context($1, NULL, 'admin')`, [feed.tenantId]);
    await expect(client.query('SELECT * FROM revocation_events')).rejects.toMatchObject({
      code: '42501',
    });
    await expect(client.query('SELECT prune_revocations(1)')).rejects.toMatchObject({
      code: '42501',
    });
    await client.end();
  });

  /** A batch, as the operators' login runs it. */
  const prune = async (limit: number) => {
    const platform = new pg.Client({ connectionString: feed.db.platformUrl });
    await platform.connect();
    const { rows } = await platform.query('SELECT * FROM prune_revocations($1)', [limit]);
    await platform.end();
    return rows[0] as unknown;
  };

  const insert = (count: number) =>
    feed.admin.query(
      `INSERT INTO revocation_events (tenant_id, kind, subject_id, occurred_at)
       SELECT $1, 'user', $2, now() - interval '1 hour' FROM generate_series(1, $3::int)`,
      [feed.tenantId, feed.userId, count],
    );

  const age = () =>
    feed.admin.query(`UPDATE revocation_events SET retired_at = now() - interval '21 minutes'`);

  it('keeps an event for twenty minutes after it was found committed, not after it was written', async () => {
    await feed.admin.query('DELETE FROM revocation_events');
    await insert(1);
    expect(await prune(10)).toEqual({ deleted: 0, retired: 1 });
    expect(await prune(10)).toEqual({ deleted: 0, retired: 0 });
    await age();
    expect(await prune(10)).toEqual({ deleted: 1, retired: 0 });
  });

  it('is pruned in batches, which wait for no locked event', async () => {
    await feed.admin.query('DELETE FROM revocation_events');
    await insert(5);
    expect([await prune(3), await prune(3)]).toEqual([
      { deleted: 0, retired: 3 },
      { deleted: 0, retired: 2 },
    ]);
    await age();
    const locker = await feed.admin.connect();
    await locker.query('BEGIN');
    await locker.query('SELECT FROM revocation_events LIMIT 1 FOR UPDATE');
    expect([await prune(3), await prune(3)]).toEqual([
      { deleted: 3, retired: 0 },
      { deleted: 1, retired: 0 },
    ]);
    await locker.query('COMMIT');
    locker.release();
    expect(await prune(3)).toEqual({ deleted: 1, retired: 0 });
  });
});
