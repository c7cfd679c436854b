import { ApiError, type Permission, ROLES, type SecurityEventType } from '@poc-tracker/contracts';
import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, type PageQuery, toPage } from '@poc-tracker/http-service';
import { reservedNames } from '@poc-tracker/text';
import { Injectable } from '@nestjs/common';
import { SecurityEvents } from '../../audit/security-events.js';
import { assertMayChangeCustomRole } from '../user-admin.rules.js';
import type { CreateRoleDto, UpdateRoleDto } from './role.dto.js';
import { type RolePageResponse, type RoleResponse, toRoleResponse } from './role.response.js';
import { type TenantRole, TenantRoleRepository } from './tenant-role.repository.js';

const ROLE_LIST = { list: 'roles' };

/** The custom roles of a tenant. Users may only add permissions that they have. */
@Injectable()
export class RoleService {
  constructor(
    private readonly roles: TenantRoleRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** One page in the order of creation. */
  async list(principal: Principal, { cursor, limit }: PageQuery): Promise<RolePageResponse> {
    const { tenantId } = principal;
    const after = cursor === undefined ? null : decodePageCursor(tenantId, cursor, ROLE_LIST);
    const found = await this.roles.listAfter(after, limit + 1);
    const { items, nextCursor } = toPage(tenantId, found, limit, ROLE_LIST);
    return { items: items.map(toRoleResponse), nextCursor };
  }

  /** @throws ApiError NOT_FOUND */
  async get(id: string): Promise<RoleResponse> {
    return toRoleResponse(found(await this.roles.find(id)));
  }

  /** Undefined if the tenant has no such role. */
  async permissionsOf(id: string): Promise<readonly Permission[] | undefined> {
    return (await this.roles.find(id))?.permissions;
  }

  /** @throws ApiError VALIDATION_ERROR if the name is reserved; INSUFFICIENT_PERMISSIONS, ROLE_EXISTS. */
  async create(principal: Principal, input: CreateRoleDto): Promise<RoleResponse> {
    const { name, description = null, permissions } = input;
    assertNotReserved(name);
    assertMayChangeCustomRole(principal, [], permissions);
    const wanted = { name, description, permissions };
    const role = found(await this.roles.insert(principal.tenantId, wanted, principal.userId));
    await this.record('role.created', role, { name, permissions });
    return toRoleResponse(role);
  }

  /**
   * Updates the given fields. Takes effect at the next request of each user who has the role.
   * @throws ApiError NOT_FOUND; VALIDATION_ERROR if the name is reserved; INSUFFICIENT_PERMISSIONS, ROLE_EXISTS.
   */
  async update(principal: Principal, id: string, changes: UpdateRoleDto): Promise<RoleResponse> {
    const before = found(await this.roles.findForUpdate(id));
    const { name = before.name, description = before.description } = changes;
    const { permissions = before.permissions } = changes;
    if (name !== before.name) assertNotReserved(name);
    assertMayChangeCustomRole(
      principal,
      before.permissions,
      permissions,
      await this.roles.holdersOf(id),
    );
    const role = found(await this.roles.update(id, { name, description, permissions }));
    await this.record('role.updated', role, {
      from: { name: before.name, permissions: before.permissions },
      to: { name, permissions },
    });
    return toRoleResponse(role);
  }

  /** @throws ApiError NOT_FOUND, ROLE_IN_USE. */
  async delete(id: string): Promise<void> {
    const role = found(await this.roles.findForUpdate(id));
    await this.roles.delete(id);
    await this.record('role.deleted', role, { name: role.name });
  }

  private async record(
    type: SecurityEventType,
    { id }: TenantRole,
    details: Record<string, unknown>,
  ): Promise<void> {
    await this.events.record({ type, result: 'success', target: { type: 'role', id }, details });
  }
}

function found(role: TenantRole | undefined): TenantRole {
  if (role === undefined) throw new ApiError('NOT_FOUND');
  return role;
}

/** A custom role with such a name, or in letters that look like it, would be mistaken for a built-in one. */
const isReservedRole = reservedNames([...ROLES, 'administrator', 'super admin', 'operator']);

function assertNotReserved(name: string): void {
  if (isReservedRole(name))
    throw ApiError.validation({
      field: 'name',
      message: 'is reserved, or looks like a reserved name',
    });
}
