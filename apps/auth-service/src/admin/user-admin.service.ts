import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, decodePagePosition, toPage } from '@poc-tracker/http-service';
import { Injectable } from '@nestjs/common';
import { TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../audit/security-events.js';
import { assertMayAssignRole } from '../user/role.rules.js';
import { formatPosition, parsePosition } from '../user/user-search.js';
import { toUserResponse, type UserResponse } from '../user/user.response.js';
import { type UserRecord, UserService } from '../user/user.service.js';
import { TenantService } from '../tenant/tenant.service.js';
import { AccountLock } from '../protection/lockout/account-lock.js';
import { PasswordHasher } from '../protection/passwords/password.hasher.js';
import { PasswordPolicy } from '../protection/passwords/password.policy.js';
import { temporaryPassword } from '../protection/passwords/temporary-password.js';
import type {
  CreatedUserResponse,
  CreateUserDto,
  ListUsersQuery,
  UpdateUserDto,
  UserDetailsResponse,
  UserPageResponse,
} from './user-admin.dto.js';
import { assertMayControl, assertMayManage } from './user-admin.rules.js';

/** Lists, creates and updates the users of a tenant. */
@Injectable()
export class UserAdminService {
  constructor(
    private readonly users: UserService,
    private readonly tenants: TenantService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly lock: AccountLock,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * One page of users in the order of their creation, or of the matches of a search in alphabetical order. Pages start
   * after a key, so that page 1000 costs the same as page 1.
   */
  async list(principal: Principal, query: ListUsersQuery): Promise<UserPageResponse> {
    const { tenantId } = principal;
    const { cursor, limit, q: search, role, status, customRoleId } = query;
    const filter = { role, status, customRoleId };
    const list = { list: 'users', search, ...filter };
    if (search === undefined) {
      const after = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
      const users = await this.users.list(filter, after, limit + 1);
      return toUserPage(toPage(tenantId, users, limit, list));
    }
    const after =
      cursor === undefined ? null : parsePosition(decodePagePosition(tenantId, cursor, list));
    const found = await this.users.search(search, filter, after, limit + 1);
    return toUserPage(
      toPage(tenantId, found, limit, list, ({ position }) => formatPosition(position)),
    );
  }

  /** @throws ApiError NOT_FOUND */
  async get({ tenantId }: Principal, userId: string): Promise<UserDetailsResponse> {
    const user = await this.users.profile(userId);
    return { ...user, lockedUntil: await this.lock.lockedUntil(tenantId, userId) };
  }

  /**
   * Creates a user, who takes a seat at once and must replace the password at the first log-in.
   * @throws ApiError INSUFFICIENT_PERMISSIONS, VALIDATION_ERROR, USER_EXISTS, USER_LIMIT_EXCEEDED, SERVICE_BUSY.
   */
  async create(principal: Principal, input: CreateUserDto): Promise<CreatedUserResponse> {
    const { email, firstName, lastName, role, password } = input;
    assertMayAssignRole(principal, role);
    const { tenant } = principal;
    if (password !== undefined) {
      const { security: rules } = await this.database.transaction(principal, () =>
        this.tenants.settings(),
      );
      this.policy.check(password, { email, firstName, lastName, tenant, rules });
    }
    const generated = password === undefined ? temporaryPassword() : null;
    // Outside of a transaction: no connection is in use while the password is hashed.
    const passwordHash = await this.hasher.hash(password ?? generated ?? '');
    const id = uuidv7();
    const expiresAt = await this.users.createWithTemporaryPassword(this.database, {
      id,
      email,
      passwordHash,
      firstName,
      lastName,
      role,
      createdBy: principal.userId,
    });
    await this.events.record({
      type: 'user.created',
      result: 'success',
      target: { type: 'user', id },
      details: { role },
    });
    return { user: await this.users.profile(id), temporaryPassword: generated, expiresAt };
  }

  /**
   * Updates the given fields. The caller must have every permission of a user whose address changes.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS, VALIDATION_ERROR, USER_EXISTS.
   */
  async update(
    principal: Principal,
    userId: string,
    changes: UpdateUserDto,
  ): Promise<UserResponse> {
    const { email, ...profile } = changes;
    const changesAddressOf = (user: { email: string }): boolean =>
      email !== undefined && email !== user.email;
    const target = await this.users.findForChange(userId, (user) => {
      if (changesAddressOf(user)) assertMayControl(principal, user);
      else assertMayManage(principal, user);
    });
    const changesAddress = changesAddressOf(target);
    // An address that does not change stays verified.
    const wanted = changesAddress ? changes : profile;
    if (email === target.email && Object.keys(wanted).length === 0) return toUserResponse(target);
    const user = await this.users.update(target.id, wanted);
    await this.events.record({
      type: 'user.updated',
      result: 'success',
      target: { type: 'user', id: target.id },
      details: { fields: Object.keys(wanted) },
    });
    return toUserResponse(user);
  }
}

function toUserPage({
  items,
  nextCursor,
}: {
  items: UserRecord[];
  nextCursor: string | null;
}): UserPageResponse {
  return { items: items.map(toUserResponse), nextCursor };
}
