import { describe, expect, it } from 'vitest';
import { useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

describe('An id that the database creates', () => {
  it('is a UUID of version 7 that grows with time', async () => {
    const { rows } = await db.pool.query<{ id: string }>(
      'SELECT uuid_v7() AS id, pg_sleep(0.002) FROM generate_series(1, 20)',
    );
    const ids = rows.map((row) => row.id);
    expect(
      ids.every((id) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
      ),
    ).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    const stamp = Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16);
    expect(Math.abs(stamp - Date.now())).toBeLessThan(60_000);
  });
});
