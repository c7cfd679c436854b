import { seedTenant, seedUser } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { HASH, refusal, useServiceDatabase } from '../service-database.js';

const db = useServiceDatabase();

const SET_HISTORY = `
  INSERT INTO tenant_settings (tenant_id, setting_key, setting_value)
  VALUES ($1, 'security', jsonb_build_object('passwordHistory', $2::jsonb))
  ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = EXCLUDED.setting_value`;

const SET_PASSWORD = `
  UPDATE users SET password_hash = $2, must_change_password = false, temporary_password_expires_at = NULL WHERE id = $1`;

async function scene(history: unknown) {
  const { tenantId } = await seedTenant(db.database);
  const { userId } = await seedUser(db.database, tenantId);
  await db.admin.query(SET_HISTORY, [tenantId, JSON.stringify(history)]);
  const self = { tenantId, userId, role: 'user' };
  const replace = (times: number) =>
    Array.from({ length: times }, (_, time) => time).reduce<Promise<unknown>>(
      (before, time) =>
        before.then(() => db.statement(self, SET_PASSWORD, [userId, `${HASH}${time}`])),
      Promise.resolve(),
    );
  const former = async (context = self, count = 24) =>
    (await db.statement(context, 'SELECT * FROM former_passwords($1)', [count])).rows.map(
      ({ password_hash: hash }) => hash,
    );
  return { tenantId, userId, self, replace, former };
}

describe('The former passwords of a user', () => {
  it('are as many as the setting says, the latest first', async () => {
    const { replace, former, self } = await scene(3);
    await replace(6);
    expect(await former()).toEqual([`${HASH}4`, `${HASH}3`, `${HASH}2`]);
    expect(await former(self, 1)).toEqual([`${HASH}4`]);
  });

  it.each([0, 25, -1, '3', null, [3], true])(
    'are not kept where the setting is %j',
    async (history) => {
      const { replace, former } = await scene(history);
      await replace(2);
      expect(await former()).toEqual([]);
    },
  );

  it('are read for the user alone, and by no statement on the table', async () => {
    const { tenantId, self, replace, former } = await scene(3);
    await replace(2);
    const { userId: colleague } = await seedUser(db.database, tenantId, { role: 'admin' });
    const { tenantId: elsewhere } = await seedTenant(db.database);
    const admin = { tenantId, userId: colleague, role: 'admin' };
    expect(await former(admin)).toEqual([]);
    expect(await former({ ...self, tenantId: elsewhere })).toEqual([]);
    for (const sql of [
      'SELECT FROM password_history',
      'DELETE FROM password_history',
      `INSERT INTO password_history (tenant_id, user_id, password_hash) SELECT tenant_id, id, '${HASH}' FROM users`,
      'SELECT keep_former_password()',
    ]) {
      await expect(db.statement(admin, sql, [])).rejects.toEqual(refusal('42501'));
      await expect(db.operators.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  });
});
