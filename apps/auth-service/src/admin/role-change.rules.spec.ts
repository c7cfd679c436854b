import { effectivePermissions, type Permission, type Role } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import {
  type Actor,
  assertMayChangeRole,
  assertMayDecideOver,
  assertMayShapeRole,
  assertMayTouch,
  type RoleChange,
  type Target,
} from './role-change.rules.js';

const actor = (role: Role, granted: Permission[] = []): Actor => ({
  userId: 'actor',
  role,
  permissions: effectivePermissions(role, granted),
});
const target = (
  role: Role,
  permissions: Permission[] = [],
  customRolePermissions: Permission[] = [],
): Target => ({ id: 'target', role, permissions, customRolePermissions });

function reasonOfRefusal(by: Actor, of: Target, change: RoleChange): unknown {
  return outcome(() => {
    assertMayChangeRole(by, of, change);
  });
}

function outcome(rule: () => void): unknown {
  try {
    rule();
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

  it('nobody takes a permission that they lack', () => {
    const helper = actor('manager');
    const change = { role: 'user', permissions: [] } as const;
    expect(reasonOfRefusal(helper, target('user', ['view_audit']), change)).toBe(
      'permission_not_held',
    );
    expect(reasonOfRefusal(helper, target('user', ['view_usage']), change)).toBe('allowed');
  });

  it('a role of the tenant is given and taken as a whole', () => {
    const helper = actor('manager');
    const auditor: Permission[] = ['view_usage', 'view_audit'];
    const give = { role: 'user', customRolePermissions: auditor } as const;
    expect(reasonOfRefusal(helper, target('user'), give)).toBe('permission_not_held');
    // That they have it by themselves already makes no difference: it would stay when that is taken.
    expect(reasonOfRefusal(helper, target('user', auditor), give)).toBe('permission_not_held');
    expect(reasonOfRefusal(actor('admin'), target('user'), give)).toBe('allowed');
    const take = { role: 'user', customRolePermissions: null } as const;
    expect(reasonOfRefusal(helper, target('user', [], auditor), take)).toBe('permission_not_held');
    expect(reasonOfRefusal(helper, target('user', [], ['view_usage']), take)).toBe('allowed');
    const leave = { role: 'viewer' } as const;
    expect(reasonOfRefusal(helper, target('user', [], auditor), leave)).toBe('allowed');
  });

  it('each source of a permission counts by itself, because it outlives the other', () => {
    const helper = actor('manager');
    const byRole = target('user', [], ['view_audit']);
    const lasting = { role: 'user', permissions: ['view_audit'] } as const;
    expect(reasonOfRefusal(helper, byRole, lasting)).toBe('permission_not_held');
    const both = target('user', ['view_audit'], ['view_audit']);
    const fewer: RoleChange[] = [
      { role: 'user', permissions: [] },
      { role: 'user', customRolePermissions: null },
    ];
    for (const change of fewer) {
      expect(reasonOfRefusal(helper, both, change)).toBe('permission_not_held');
      expect(reasonOfRefusal(actor('admin'), both, change)).toBe('allowed');
    }
  });
});

describe('who may touch whom', () => {
  const touches = (by: Actor, of: Target) =>
    outcome(() => {
      assertMayTouch(by, of);
    });
  const decides = (by: Actor, of: Target) =>
    outcome(() => {
      assertMayDecideOver(by, of);
    });

  it('not themselves and nobody above', () => {
    expect(touches(actor('admin'), { ...target('user'), id: 'actor' })).toBe('own_account');
    expect(touches(actor('manager'), target('admin'))).toBe('person_above_own_role');
    expect(touches(actor('manager'), target('manager'))).toBe('allowed');
  });

  it('for good only whose rights they have all', () => {
    const manager = actor('manager');
    expect(decides(manager, target('manager', ['view_usage']))).toBe('allowed');
    expect(decides(manager, target('viewer', ['view_audit']))).toBe('permission_not_held');
    expect(decides(manager, target('viewer', [], ['view_audit']))).toBe('permission_not_held');
    expect(decides(manager, { ...target('user'), id: 'actor' })).toBe('own_account');
  });
});

describe('who may shape a role of the tenant', () => {
  const maker = actor('manager', ['manage_roles']);
  const shape = (before: Permission[], after: Permission[], self = false, above = false) =>
    outcome(() => {
      assertMayShapeRole(maker, before, after, { self, above });
    });

  it('they add and take only what they have, and leave the rest', () => {
    expect(shape([], ['view_usage', 'manage_roles'])).toBe('allowed');
    expect(shape([], ['view_audit'])).toBe('permission_not_held');
    expect(shape(['view_audit'], [])).toBe('permission_not_held');
    expect(shape(['view_audit'], ['view_audit', 'view_usage'])).toBe('allowed');
  });

  it('not their own, nor one that somebody above them has', () => {
    expect(shape([], ['view_usage'], true, false)).toBe('own_role');
    expect(shape([], ['view_usage'], false, true)).toBe('person_above_own_role');
    expect(shape(['view_usage'], ['view_usage'], true, true)).toBe('allowed');
  });
});
