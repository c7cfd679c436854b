import type pg from 'pg';
import { visibleRows } from './login-requirements.js';
import type { Requirement } from './requirement.js';
import {
  type Answer,
  ask,
  connected,
  describe,
  enter,
  isRefused,
  rolledBack,
} from '../sessions.js';
import type { World } from '../world.js';

interface Forgery {
  setting: string;
  /** Values that name no tenant, user, role or permission, each close to one that does. */
  values(world: World): string[];
  /** Statements that the setting decides. With a forged value they must reach no row. */
  statements(world: World): [sql: string, ...params: unknown[]][];
  /** An id that is no UUID ends the statement; a role or a permission is only not the right one. */
  mayFail: boolean;
}

const JUNK = [
  '',
  ' ',
  'null',
  '%',
  '*',
  '.*',
  "'",
  '"',
  `' OR true --`,
  `'; RESET ROLE; --`,
  '{}',
  '[]',
  '\\',
  '\n',
  'ä',
  '0',
  'true',
  '00000000-0000-0000-0000-00000000000',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-',
  'x'.repeat(100_000),
];

/** The value with what a sloppy comparison would overlook. */
const around = (value: string): string[] => [
  ` ${value}x`,
  `${value},`,
  `'${value}'`,
  `"${value}"`,
  `["${value}"]`,
  `${value}%`,
  `%${value}`,
  `${value}\t.`,
  value.slice(0, -1),
  `${value}${value}`,
];

const userOf = ({ attacker }: World): unknown => attacker.rows['users']?.['id'];

const FORGERIES: Forgery[] = [
  {
    setting: 'app.current_tenant_id',
    values: ({ victim, attacker }) => [
      ...JUNK,
      ...around(victim.id),
      `${attacker.id},${victim.id}`,
      `${attacker.id} ${victim.id}`,
    ],
    statements: () => [
      ['SELECT id FROM users'],
      ['SELECT id FROM tenants'],
      ['UPDATE users SET first_name = first_name'],
      ['DELETE FROM tenant_settings'],
    ],
    mayFail: true,
  },
  {
    setting: 'app.current_user_id',
    values: ({ victim }) => [...JUNK, ...around(victim.userId), victim.userId],
    statements: ({ attacker }) => [
      [
        `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
         VALUES ($1, $2, sha256('forged'), '\\x00', now() + interval '1 day')`,
        attacker.id,
        attacker.userId,
      ],
    ],
    mayFail: true,
  },
  {
    setting: 'app.user_role',
    values: () => [...JUNK, ...around('admin'), 'Admin', 'ADMIN', 'admin ', 'super_admin', 'root'],
    statements: (world) => [
      ['UPDATE users SET first_name = first_name WHERE id = $1', userOf(world)],
      ['DELETE FROM users WHERE id = $1', userOf(world)],
      ['UPDATE user_sessions SET is_active = false WHERE user_id = $1', userOf(world)],
      [`SELECT FROM cancel_current_tenant('forged') canceled WHERE canceled`],
    ],
    mayFail: false,
  },
  {
    setting: 'app.user_permissions',
    values: () => [
      ...JUNK,
      ...['manage_users', 'manage_settings', 'view_audit'].flatMap(around),
      'manage_users,manage_settings,view_audit',
      '{manage_users,manage_settings,view_audit}',
      'MANAGE_USERS MANAGE_SETTINGS VIEW_AUDIT',
      'manage-users manage-settings view-audit',
      'manage_*',
      'admin',
      'all',
    ],
    statements: (world) => [
      ['UPDATE users SET first_name = first_name WHERE id = $1', userOf(world)],
      ['UPDATE tenants SET name = name'],
      ['DELETE FROM tenant_settings'],
      ['SELECT id FROM audit_log'],
      ['SELECT id FROM invites'],
      ['UPDATE tenant_roles SET name = name'],
    ],
    mayFail: false,
  },
];

/** Attacks by someone who can put a value of their choice into one of the settings. */
export const settingRequirements: Requirement[] = FORGERIES.map((forgery) => ({
  id: 'settings',
  attempt: `forged and malformed values of ${forgery.setting}`,
  run: (world) =>
    connected(world.database.serviceUrl, async (client) => {
      const values = forgery.values(world);
      const reached: string[] = [];
      for (const value of values) {
        const found = await rolledBack(client, null, () => tryValue(client, world, forgery, value));
        if (found !== undefined) reached.push(`${JSON.stringify(value.slice(0, 60))}: ${found}`);
      }
      const useless = await rolledBack(client, world.attacker, () =>
        uselessStatements(client, world, forgery),
      );
      return {
        passed: reached.length === 0 && useless.length === 0,
        result:
          [...reached, ...useless.map((sql) => `proves nothing: ${sql}`)].join('; ') ||
          `no effect of ${values.length} values`,
      };
    }),
}));

/** What a statement reached with the forged value; undefined if none reached anything. */
async function tryValue(
  client: pg.Client,
  world: World,
  forgery: Forgery,
  value: string,
): Promise<string | undefined> {
  await enter(client, world.attacker);
  await client.query('SELECT set_config($1, $2, true)', [forgery.setting, value]);
  for (const [sql, ...params] of forgery.statements(world)) {
    const answer = await ask(client, sql, params);
    if (!isWithoutEffect(answer, forgery.mayFail)) return `${sql}: ${describe(answer)}`;
  }
  await client.query('SAVEPOINT reading');
  const rows = await visibleRows(client, world, world.victim).catch(async () => {
    await client.query('ROLLBACK TO SAVEPOINT reading');
    return 0;
  });
  return rows === 0 ? undefined : `${rows} rows of the other tenant`;
}

function isWithoutEffect(answer: Answer, mayFail: boolean): boolean {
  if ('rows' in answer) return answer.rows === 0;
  return isRefused(answer) || (mayFail && answer.sqlState === '22P02');
}

/** Statements that reach nothing with the right value either: their refusal would prove nothing. */
async function uselessStatements(
  client: pg.Client,
  world: World,
  forgery: Forgery,
): Promise<string[]> {
  const useless: string[] = [];
  for (const [sql, ...params] of forgery.statements(world)) {
    await client.query('SAVEPOINT right_value');
    const answer = await ask(client, sql, params);
    await client.query('ROLLBACK TO SAVEPOINT right_value');
    if (!('rows' in answer) || answer.rows === 0) useless.push(sql);
  }
  return useless;
}
