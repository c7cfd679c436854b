import { createHash, randomBytes } from 'node:crypto';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { HASH, refusal, useServiceDatabase } from '../service-database.js';

const db = useServiceDatabase();

const CREATE = 'SELECT create_one_time_token($1, $2, $3, $4, $5) AS expires';
const FIND = 'SELECT * FROM find_one_time_token($1, $2)';
const CONSUME = 'SELECT * FROM consume_one_time_token($1, $2)';
const TRY = 'SELECT try_one_time_code($1, $2) AS is_right';
const SET_PASSWORD =
  'UPDATE users SET password_hash = $2, must_change_password = false WHERE id = $1';

const SET_EMAIL = 'UPDATE users SET email = $2 WHERE id = $1';

const newHash = () => createHash('sha256').update(randomBytes(32)).digest();

type Context = Parameters<typeof db.statement>[0];

async function scene(role: 'user' | 'admin' = 'user') {
  const { tenantId } = await seedTenant(db.database);
  const { userId, email } = await seedUser(db.database, tenantId, { role });
  const self: Context = { tenantId, userId, role };
  const create = async (purpose: string, as = self, lifetime = '30 minutes') => {
    const hash = newHash();
    const { rows } = await db.statement(as, CREATE, [userId, purpose, hash, email, lifetime]);
    return { hash, expires: rows[0]?.['expires'] };
  };
  const find = async (purpose: string, hash: Buffer, as = { ...self, userId: null } as Context) =>
    (await db.statement(as, FIND, [purpose, hash])).rows;
  const consume = async (purpose: string, hash: Buffer, as = self) =>
    (await db.statement(as, CONSUME, [purpose, hash])).rows;
  const attempt = async (hash: Buffer, as = self) =>
    (await db.statement(as, TRY, ['login_code', hash])).rows[0]?.['is_right'];
  return { tenantId, userId, email, self, create, find, consume, attempt };
}

describe('A one-time token', () => {
  it('is used once by 20 concurrent calls', async () => {
    const { create, consume } = await scene();
    const { hash } = await create('reset_password');
    const calls = Array.from({ length: 20 }, () => consume('reset_password', hash));
    expect((await Promise.all(calls)).filter((rows) => rows.length === 1)).toHaveLength(1);
  });

  it('comes back when the transaction that used it is rolled back', async () => {
    const { self, create, find } = await scene();
    const { hash } = await create('reset_password');
    const failed = db.within(self, async (client) => {
      await client.query(CONSUME, ['reset_password', hash]);
      throw new Error('refused');
    });
    await expect(failed).rejects.toThrow('refused');
    expect(await find('reset_password', hash)).toHaveLength(1);
  });

  it('replaces the earlier one of its purpose, and no other', async () => {
    const { create, find } = await scene();
    const [first, other] = [await create('reset_password'), await create('magic_link')];
    const second = await create('reset_password');
    expect(await find('reset_password', first.hash)).toEqual([]);
    expect(await find('reset_password', second.hash)).toHaveLength(1);
    expect(await find('magic_link', other.hash)).toHaveLength(1);
  });

  it('of which 20 are created at once leaves one', async () => {
    const { create, find } = await scene();
    const made = await Promise.all(Array.from({ length: 20 }, () => create('reset_password')));
    const found = await Promise.all(made.map(({ hash }) => find('reset_password', hash)));
    expect(found.filter((rows) => rows.length === 1)).toHaveLength(1);
  });

  it('that undoes a change of the address stays beside a later one', async () => {
    const { create, find } = await scene();
    const [first, second] = [await create('undo_email'), await create('undo_email')];
    expect(await find('undo_email', first.hash)).toHaveLength(1);
    expect(await find('undo_email', second.hash)).toHaveLength(1);
  });

  it('expires by the clock of the database', async () => {
    const { create, find, consume } = await scene();
    const { hash } = await create('reset_password', undefined, '0 seconds');
    expect(await find('reset_password', hash)).toEqual([]);
    expect(await consume('reset_password', hash)).toEqual([]);
  });

  it('is of no use for another purpose, in another tenant, or to another user', async () => {
    const { create, find, consume, tenantId } = await scene();
    const other = await scene('admin');
    const { userId: colleague } = await seedUser(db.database, tenantId, { role: 'admin' });
    const { hash } = await create('reset_password');
    expect(await find('magic_link', hash)).toEqual([]);
    expect(await other.find('reset_password', hash)).toEqual([]);
    expect(await other.consume('reset_password', hash)).toEqual([]);
    const as = { tenantId, userId: colleague, role: 'admin' };
    expect(await consume('reset_password', hash, as)).toEqual([]);
    expect(await find('reset_password', hash)).toHaveLength(1);
  });

  it.each(['suspended', 'inactive'])('of a user who is %s is of no use', async (status) => {
    const { create, find, userId } = await scene();
    const { hash } = await create('reset_password');
    await db.admin.query('UPDATE users SET status = $2 WHERE id = $1', [userId, status]);
    expect(await find('reset_password', hash)).toEqual([]);
  });

  it('is of no use after the user has changed the address, except the undo', async () => {
    const { self, create, find, userId } = await scene();
    const { hash } = await create('reset_password');
    const { hash: undo } = await create('undo_email');
    await db.statement(self, SET_EMAIL, [userId, `${userId}@new.example`]);
    expect(await find('reset_password', hash)).toEqual([]);
    expect(await find('undo_email', undo)).toHaveLength(1);
  });

  it.each(['undo_email', 'confirm_new_email', 'reset_password'])(
    'for %s is of no use after an admin has changed the address',
    async (purpose) => {
      const { create, find, userId, tenantId } = await scene();
      const { userId: admin } = await seedUser(db.database, tenantId, { role: 'admin' });
      const { hash } = await create(purpose);
      const as = { tenantId, userId: admin, role: 'admin' };
      await db.statement(as, SET_EMAIL, [userId, `${userId}@new.example`]);
      expect(await find(purpose, hash)).toEqual([]);
    },
  );

  it('that gives access is of no use after a new password; a proof of the address is', async () => {
    const { self, create, find, userId } = await scene();
    const access = ['reset_password', 'magic_link', 'login_code'];
    const made = await Promise.all(access.map((purpose) => create(purpose)));
    const { hash: proof } = await create('verify_email');
    await db.statement(self, SET_PASSWORD, [userId, `${HASH}2`]);
    const left = access.map((purpose, index) => find(purpose, made[index]?.hash ?? proof));
    expect((await Promise.all(left)).flat()).toEqual([]);
    expect(await find('verify_email', proof)).toHaveLength(1);
  });

  it('is created by the user and by a user who manages them, and by no other', async () => {
    const { tenantId, create } = await scene('admin');
    const elsewhere = (await scene('admin')).self;
    const [{ userId: manager }, { userId: admin }] = await Promise.all([
      seedUser(db.database, tenantId, { role: 'manager' }),
      seedUser(db.database, tenantId, { role: 'admin' }),
    ]);
    const by = async (as: Context) => (await create('reset_password', as)).expires;
    expect(await by({ tenantId, userId: manager, role: 'manager' })).toBeNull();
    expect(await by({ tenantId, userId: null, role: 'viewer' })).toBeNull();
    expect(await by(elsewhere)).toBeNull();
    expect(await by({ tenantId, userId: admin, role: 'admin' })).toBeInstanceOf(Date);
  });

  it('is read by no statement on the table', async () => {
    const { self } = await scene('admin');
    for (const sql of [
      'SELECT FROM one_time_tokens',
      'DELETE FROM one_time_tokens',
      'SELECT token_hash FROM one_time_tokens',
    ])
      await expect(db.statement(self, sql, [])).rejects.toEqual(refusal('42501'));
    const hash = db.operators.query('SELECT token_hash FROM one_time_tokens');
    await expect(hash).rejects.toMatchObject({ code: '42501' });
  });
});

describe('A one-time code', () => {
  it('is worthless after five wrong tries, also if they are made at once', async () => {
    const { create, attempt } = await scene();
    const { hash } = await create('login_code');
    const wrong = Array.from({ length: 5 }, () => attempt(newHash()));
    expect(await Promise.all(wrong)).toEqual([false, false, false, false, false]);
    expect(await attempt(hash)).toBe(false);
  });

  it('is right after four wrong tries, and then used up', async () => {
    const { create, attempt } = await scene();
    const { hash } = await create('login_code');
    for (let failure = 0; failure < 4; failure += 1) expect(await attempt(newHash())).toBe(false);
    expect(await attempt(hash)).toBe(true);
    expect(await attempt(hash)).toBe(false);
  });

  it('has five tries again after it is replaced', async () => {
    const { create, attempt } = await scene();
    await create('login_code');
    for (let failure = 0; failure < 5; failure += 1) await attempt(newHash());
    const { hash } = await create('login_code');
    expect(await attempt(hash)).toBe(true);
  });
});
