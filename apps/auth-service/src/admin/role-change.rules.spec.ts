import { effectivePermissions, type Permission, type Role } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import {
  type Actor,
  assertMayChangeRole,
  type RoleChange,
  type Target,
} from './role-change.rules.js';

const actor = (role: Role, granted: Permission[] = []): Actor => ({
  userId: 'actor',
  role,
  permissions: effectivePermissions(role, granted),
});
const target = (role: Role, permissions: Permission[] = []): Target => ({
  id: 'target',
  role,
  permissions,
});

function reasonOfRefusal(by: Actor, of: Target, change: RoleChange): unknown {
  try {
    assertMayChangeRole(by, of, change);
  } catch (error) {
    const { code, details } = error as { code: string; details: { reason: string } };
    expect(code).toBe('INSUFFICIENT_PERMISSIONS');
    return details.reason;
  }
  return 'allowed';
}

describe('who may give whom which rights', () => {
  it('an admin gives every role', () => {
    for (const role of ['viewer', 'user', 'manager', 'admin'] as const) {
      expect(reasonOfRefusal(actor('admin'), target('user'), { role })).toBe('allowed');
    }
  });

  it('nobody changes their own, not even downwards', () => {
    const self = { ...target('admin'), id: 'actor' };
    expect(reasonOfRefusal(actor('admin'), self, { role: 'admin' })).toBe('own_role');
    expect(reasonOfRefusal(actor('admin'), self, { role: 'viewer' })).toBe('own_role');
  });

  it('a manager gives no role above manager', () => {
    expect(reasonOfRefusal(actor('manager'), target('user'), { role: 'manager' })).toBe('allowed');
    expect(reasonOfRefusal(actor('manager'), target('user'), { role: 'admin' })).toBe(
      'role_above_own',
    );
  });

  it('a manager does not touch an admin', () => {
    expect(reasonOfRefusal(actor('manager'), target('admin'), { role: 'viewer' })).toBe(
      'person_above_own_role',
    );
  });

  it('a user who may manage users raises nobody above user', () => {
    const helper = actor('user', ['manage_users']);
    expect(reasonOfRefusal(helper, target('viewer'), { role: 'user' })).toBe('allowed');
    expect(reasonOfRefusal(helper, target('viewer'), { role: 'manager' })).toBe('role_above_own');
  });

  it('nobody grants a permission that they lack, but may leave it where it is', () => {
    const helper = actor('user', ['manage_users']);
    const change = { role: 'user', permissions: ['view_usage'] } as const;
    expect(reasonOfRefusal(helper, target('user'), change)).toBe('permission_not_held');
    expect(reasonOfRefusal(helper, target('user', ['view_usage']), change)).toBe('allowed');
  });
});
