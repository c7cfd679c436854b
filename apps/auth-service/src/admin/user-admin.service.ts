import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, decodePagePosition, toPage } from '@poc-tracker/http-service';
import { Injectable } from '@nestjs/common';
import { uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../audit/security-events.js';
import { formatPosition, parsePosition } from '../user/user-search.js';
import { toUserResponse, type UserResponse } from '../user/user.response.js';
import { type UserRecord, UserService } from '../user/user.service.js';
import { PasswordHasher } from '../protection/password.hasher.js';
import { PasswordPolicy } from '../protection/password.policy.js';
import { temporaryPassword } from '../protection/temporary-password.js';
import type {
  CreatedUserResponse,
  CreateUserDto,
  ListUsersQuery,
  UpdateUserDto,
  UserPageResponse,
} from './user-admin.dto.js';
import { assertMayDecideOver, assertMayGiveRole, assertMayTouch } from './role-change.rules.js';

/** Who the people of a tenant are: what those who manage users read and write of them. */
@Injectable()
export class UserAdminService {
  constructor(
    private readonly users: UserService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * One page of people in the order of their creation, or of those who are searched for in alphabetical order: by key, so
   * that page 1000 costs what page 1 does.
   */
  async list(actor: Principal, query: ListUsersQuery): Promise<UserPageResponse> {
    const { tenantId } = actor;
    const { cursor, limit, q: search, role, status, customRoleId } = query;
    const filter = { role, status, customRoleId };
    const list = { list: 'users', search, ...filter };
    if (search === undefined) {
      const after = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
      const people = await this.users.list(filter, after, limit + 1);
      return toUserPage(toPage(tenantId, people, limit, list));
    }
    const after =
      cursor === undefined ? null : parsePosition(decodePagePosition(tenantId, cursor, list));
    const found = await this.users.search(search, filter, after, limit + 1);
    return toUserPage(
      toPage(tenantId, found, limit, list, ({ position }) => formatPosition(position)),
    );
  }

  /** @throws ApiError NOT_FOUND */
  async read(userId: string): Promise<UserResponse> {
    return toUserResponse(await this.users.find(userId));
  }

  /**
   * Writes a person who did not register. Their first log-in asks for a password of their own. It takes a seat at once.
   * @throws ApiError INSUFFICIENT_PERMISSIONS, VALIDATION_ERROR, USER_EXISTS, USER_LIMIT_EXCEEDED, SERVICE_BUSY.
   */
  async create(actor: Principal, input: CreateUserDto): Promise<CreatedUserResponse> {
    const { email, firstName, lastName, role, password } = input;
    assertMayGiveRole(actor, role);
    const { tenantId, tenant } = actor;
    if (password !== undefined) this.policy.check(password, { email, firstName, lastName, tenant });
    const made = password === undefined ? temporaryPassword() : null;
    // Before the first statement: no connection is held while it is worked out.
    const passwordHash = await this.hasher.hash(password ?? made ?? '');
    const id = uuidv7();
    await this.users.create({
      tenantId,
      id,
      email,
      passwordHash,
      firstName,
      lastName,
      role,
      createdBy: actor.userId,
      mustChangePassword: true,
    });
    await this.events.record({
      type: 'user.created',
      result: 'success',
      target: { type: 'user', id },
      details: { role },
    });
    return { user: await this.users.profile(id), temporaryPassword: made };
  }

  /**
   * Changes what is named.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS, VALIDATION_ERROR, USER_EXISTS.
   */
  async update(actor: Principal, userId: string, changes: UpdateUserDto): Promise<UserResponse> {
    const { email, ...profile } = changes;
    const movesFrom = (user: { email: string }): boolean =>
      email !== undefined && email !== user.email;
    const target = await this.users.findForChange(userId, (user) => {
      if (movesFrom(user)) assertMayDecideOver(actor, user);
      else assertMayTouch(actor, user);
    });
    const moves = movesFrom(target);
    // The address that they have already stays verified.
    const wanted = moves ? changes : profile;
    if (email === target.email && Object.keys(wanted).length === 0) return toUserResponse(target);
    const person = await this.users.update(target.id, wanted);
    await this.events.record({
      type: 'user.updated',
      result: 'success',
      target: { type: 'user', id: target.id },
      details: { fields: Object.keys(wanted) },
    });
    return toUserResponse(person);
  }
}

function toUserPage({
  items,
  nextCursor,
}: {
  items: UserRecord[];
  nextCursor: string | null;
}): UserPageResponse {
  return { users: items.map(toUserResponse), nextCursor };
}
