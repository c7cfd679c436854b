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
    await expect(client.query('SELECT prune_revocations()')).rejects.toMatchObject({
      code: '42501',
    });
    await client.end();
  });

  it('keeps an event for twenty minutes after it was found committed, not after it was written', async () => {
    await feed.admin.query('DELETE FROM revocation_events');
    await feed.admin.query(
      `INSERT INTO revocation_events (tenant_id, kind, subject_id, occurred_at) VALUES ($1, 'user', $2, now() - interval '1 hour')`,
      [feed.tenantId, feed.userId],
    );
    const prune = async () => {
      const platform = new pg.Client({ connectionString: feed.db.platformUrl });
      await platform.connect();
      const { rows } = await platform.query<{ pruned: string }>(
        'SELECT prune_revocations() AS pruned',
      );
      await platform.end();
      return Number(rows[0]?.pruned);
    };
    expect(await prune()).toBe(0);
    expect(await prune()).toBe(0);
    await feed.admin.query(
      `UPDATE revocation_events SET retired_at = now() - interval '21 minutes'`,
    );
    expect(await prune()).toBe(1);
  });
});
