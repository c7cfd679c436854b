import { describe, expect, it } from 'vitest';
import { type PurgedTable, purgeOrder } from './tenant-purge.plan.js';

const table = (
  name: string,
  parents: string[] = [],
  how: PurgedTable['how'] = 'rows',
): PurgedTable => ({
  name,
  how,
  parents,
  readable: true,
});

describe('the order of a purge', () => {
  it('deletes what points at others before them, and trails last', () => {
    const order = purgeOrder([
      table('audit_log', [], 'trail'),
      table('poc_files', ['pocs', 'users']),
      table('pocs', ['users', 'tenants']),
      table('roles'),
      table('usage', ['tenants'], 'cascade'),
      table('users', ['roles', 'tenants']),
    ]);
    expect(order.map(({ name }) => name)).toEqual([
      'poc_files',
      'pocs',
      'users',
      'roles',
      'audit_log',
    ]);
  });

  it('comes to an end where tables point at each other', () => {
    expect(purgeOrder([table('a', ['b']), table('b', ['a'])])).toHaveLength(2);
  });
});
