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
  it('deletes referencing tables before referenced ones, and audit tables last', () => {
    const order = purgeOrder([
      table('audit_log', [], 'function'),
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

  it('ends although two tables reference each other', () => {
    expect(purgeOrder([table('a', ['b']), table('b', ['a'])])).toHaveLength(2);
  });
});
