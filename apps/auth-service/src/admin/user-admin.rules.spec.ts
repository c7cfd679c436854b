import { effectivePermissions, type Permission, type Role } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import {
  type Caller,
  assertMayAssignRights,
  assertMayControl,
  assertMayChangeCustomRole,
  assertMayManage,
  type RoleChange,
  type Target,
} from './user-admin.rules.js';

const caller = (role: Role, granted: Permission[] = []): Caller => ({
  userId: 'caller',
  role,
  permissions: effectivePermissions(role, granted),
});
const target = (
  role: Role,
  permissions: Permission[] = [],
  customRolePermissions: Permission[] = [],
): Target => ({ id: 'target', role, permissions, customRolePermissions, suspendedByRole: null });

function reasonOfRefusal(by: Caller, of: Target, change: RoleChange): unknown {
  return outcome(() => {
    assertMayAssignRights(by, of, change);
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

describe('assigning rights to a user', () => {
  it('lets an admin assign every role', () => {
    for (const role of ['viewer', 'user', 'manager', 'admin'] as const) {
      expect(reasonOfRefusal(caller('admin'), target('user'), { role })).toBe('allowed');
    }
  });

  it('refuses to change the rights of the caller, even to lower ones', () => {
    const self = { ...target('admin'), id: 'caller' };
    expect(reasonOfRefusal(caller('admin'), self, { role: 'admin' })).toBe('own_role');
    expect(reasonOfRefusal(caller('admin'), self, { role: 'viewer' })).toBe('own_role');
  });

  it('refuses a role above that of a manager', () => {
    expect(reasonOfRefusal(caller('manager'), target('user'), { role: 'manager' })).toBe('allowed');
    expect(reasonOfRefusal(caller('manager'), target('user'), { role: 'admin' })).toBe(
      'role_above_own',
    );
  });

  it('refuses to let a manager change an admin', () => {
    expect(reasonOfRefusal(caller('manager'), target('admin'), { role: 'viewer' })).toBe(
      'user_above_own_role',
    );
  });

  it('refuses roles above user to a user with manage_users', () => {
    const principal = caller('user', ['manage_users']);
    expect(reasonOfRefusal(principal, target('viewer'), { role: 'user' })).toBe('allowed');
    expect(reasonOfRefusal(principal, target('viewer'), { role: 'manager' })).toBe(
      'role_above_own',
    );
  });

  it('refuses to grant a permission that the caller lacks, unless the target already has it', () => {
    const principal = caller('user', ['manage_users']);
    const change = { role: 'user', permissions: ['view_usage'] } as const;
    expect(reasonOfRefusal(principal, target('user'), change)).toBe('permission_not_held');
    expect(reasonOfRefusal(principal, target('user', ['view_usage']), change)).toBe('allowed');
  });

  it('refuses to remove a permission that the caller lacks', () => {
    const principal = caller('manager');
    const change = { role: 'user', permissions: [] } as const;
    expect(reasonOfRefusal(principal, target('user', ['view_audit']), change)).toBe(
      'permission_not_held',
    );
    expect(reasonOfRefusal(principal, target('user', ['view_usage']), change)).toBe('allowed');
  });

  it('checks every permission of a custom role that is assigned or removed', () => {
    const principal = caller('manager');
    const auditor: Permission[] = ['view_usage', 'view_audit'];
    const give = { role: 'user', customRolePermissions: auditor } as const;
    expect(reasonOfRefusal(principal, target('user'), give)).toBe('permission_not_held');
    // Even if the target has the permission personally: the role would keep it when that is removed.
    expect(reasonOfRefusal(principal, target('user', auditor), give)).toBe('permission_not_held');
    expect(reasonOfRefusal(caller('admin'), target('user'), give)).toBe('allowed');
    const take = { role: 'user', customRolePermissions: null } as const;
    expect(reasonOfRefusal(principal, target('user', [], auditor), take)).toBe(
      'permission_not_held',
    );
    expect(reasonOfRefusal(principal, target('user', [], ['view_usage']), take)).toBe('allowed');
    const leave = { role: 'viewer' } as const;
    expect(reasonOfRefusal(principal, target('user', [], auditor), leave)).toBe('allowed');
  });

  it('checks personal permissions and those of a custom role separately', () => {
    const principal = caller('manager');
    const byRole = target('user', [], ['view_audit']);
    const lasting = { role: 'user', permissions: ['view_audit'] } as const;
    expect(reasonOfRefusal(principal, byRole, lasting)).toBe('permission_not_held');
    const both = target('user', ['view_audit'], ['view_audit']);
    const fewer: RoleChange[] = [
      { role: 'user', permissions: [] },
      { role: 'user', customRolePermissions: null },
    ];
    for (const change of fewer) {
      expect(reasonOfRefusal(principal, both, change)).toBe('permission_not_held');
      expect(reasonOfRefusal(caller('admin'), both, change)).toBe('allowed');
    }
  });
});

describe('changing a user', () => {
  const touches = (by: Caller, of: Target) =>
    outcome(() => {
      assertMayManage(by, of);
    });
  const decides = (by: Caller, of: Target) =>
    outcome(() => {
      assertMayControl(by, of);
    });

  it('is refused for the caller and for users above the caller', () => {
    expect(touches(caller('admin'), { ...target('user'), id: 'caller' })).toBe('own_account');
    expect(touches(caller('manager'), target('admin'))).toBe('user_above_own_role');
    expect(touches(caller('manager'), target('manager'))).toBe('allowed');
  });

  it('is refused for suspension or deletion if the caller lacks a permission of the user', () => {
    const manager = caller('manager');
    expect(decides(manager, target('manager', ['view_usage']))).toBe('allowed');
    expect(decides(manager, target('viewer', ['view_audit']))).toBe('permission_not_held');
    expect(decides(manager, target('viewer', [], ['view_audit']))).toBe('permission_not_held');
    expect(decides(manager, { ...target('user'), id: 'caller' })).toBe('own_account');
  });

  it('is refused for a suspended user if a higher role than that of the caller suspended them', () => {
    const held = (suspendedByRole: Role): Target => ({ ...target('user'), suspendedByRole });
    expect(decides(caller('manager'), held('admin'))).toBe('suspended_by_higher_role');
    expect(decides(caller('manager'), held('manager'))).toBe('allowed');
    expect(decides(caller('admin'), held('manager'))).toBe('allowed');
  });
});

describe('changing a custom role', () => {
  const editor = caller('manager', ['manage_roles']);
  const shape = (before: Permission[], after: Permission[], self = false, above = false) =>
    outcome(() => {
      assertMayChangeCustomRole(editor, before, after, { self, above });
    });

  it('is refused if a permission that the caller lacks is added or removed', () => {
    expect(shape([], ['view_usage', 'manage_roles'])).toBe('allowed');
    expect(shape([], ['view_audit'])).toBe('permission_not_held');
    expect(shape(['view_audit'], [])).toBe('permission_not_held');
    expect(shape(['view_audit'], ['view_audit', 'view_usage'])).toBe('allowed');
  });

  it('is refused if the caller, or a user above the caller, has the role', () => {
    expect(shape([], ['view_usage'], true, false)).toBe('own_role');
    expect(shape([], ['view_usage'], false, true)).toBe('user_above_own_role');
    expect(shape(['view_usage'], ['view_usage'], true, true)).toBe('allowed');
  });
});
