import type { Locale, Permission, Role, UserStatus } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { MoreThan } from 'typeorm';
import { User } from './user.entity.js';

/** What log-in needs; the only place where a password hash is read. */
export interface Credentials {
  id: string;
  passwordHash: string;
  status: UserStatus;
  role: Role;
}

/** What a person is registered with; the rest are the table's defaults. */
export interface NewUser {
  tenantId: string;
  id: string;
  email: string;
  passwordHash: string;
  firstName: string | null;
  lastName: string | null;
  role: Role;
}

export interface ProfileChanges {
  firstName?: string;
  lastName?: string;
  timezone?: string;
  locale?: Locale;
}

/** Every signed-in page asks this one, hence fixed text instead of a query that is built anew each time. */
export const FIND_USER_BY_ID = `
  SELECT tenant_id AS "tenantId", id, email, email_verified_at AS "emailVerifiedAt", first_name AS "firstName",
         last_name AS "lastName", avatar_url AS "avatarUrl", timezone, locale, role, permissions, status,
         last_login_at AS "lastLoginAt", login_count AS "loginCount", created_by AS "createdBy",
         created_at AS "createdAt"
    FROM users WHERE id = $1`;

/** Questions about the people of the current transaction's tenant; row-level security answers for no other. */
@Injectable()
export class UserRepository {
  constructor(private readonly database: TenantDatabase) {}

  async findById(id: string): Promise<User | null> {
    const [user] = await this.database.query<User>(FIND_USER_BY_ID, [id]);
    return user ?? null;
  }

  /** The same row, locked until the transaction ends. Null also where the caller may see the person but not change them. */
  async findForUpdate(id: string): Promise<User | null> {
    const manager = await this.database.manager();
    return manager.findOne(User, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /** People in the order of their ids, which is that of their creation, after the one given. */
  async listAfter(id: string | null, limit: number): Promise<User[]> {
    const manager = await this.database.manager();
    return manager.find(User, {
      where: id === null ? {} : { id: MoreThan(id) },
      order: { id: 'ASC' },
      take: limit,
    });
  }

  async findCredentials(email: string): Promise<Credentials | null> {
    const [found] = await this.database.query<Credentials>(
      'SELECT id, password_hash AS "passwordHash", status, role FROM find_credentials($1)',
      [email],
    );
    return found ?? null;
  }

  /**
   * True when the person still has the password that was verified outside of the transaction. Waits for a change of it
   * that is under way and keeps later ones waiting, so that a log-in with the old password cannot slip past the change.
   */
  async lockUnchanged(email: string, verified: Credentials): Promise<boolean> {
    await this.database.query('SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE', [
      verified.id,
    ]);
    const current = await this.findCredentials(email);
    return current?.passwordHash === verified.passwordHash && current.status === 'active';
  }

  async insert(user: NewUser): Promise<void> {
    const manager = await this.database.manager();
    await manager.insert(User, user);
  }

  async recordLogin(id: string, at: Date): Promise<void> {
    const manager = await this.database.manager();
    await manager.update(User, { id }, { lastLoginAt: at, loginCount: () => 'login_count + 1' });
  }

  async setPasswordHash(id: string, passwordHash: string): Promise<void> {
    const manager = await this.database.manager();
    await manager.update(User, { id }, { passwordHash });
  }

  async updateProfile(id: string, changes: ProfileChanges): Promise<void> {
    const manager = await this.database.manager();
    await manager.update(User, { id }, changes);
  }

  async setRole(id: string, role: Role, permissions: Permission[]): Promise<void> {
    const manager = await this.database.manager();
    await manager.update(User, { id }, { role, permissions });
  }

  /**
   * Uses up an invitation in one statement, so that of many acceptances at once one gets it.
   * @returns the role that it was written for, or null when it is unknown, used, expired, revoked or another person's.
   */
  async acceptInvite(tokenHash: Buffer, email: string, userId: string): Promise<Role | null> {
    const [invite] = await this.database.query<{ role: Role }>(
      'SELECT role FROM accept_invite($1, $2, $3)',
      [tokenHash, email, userId],
    );
    return invite?.role ?? null;
  }

  /** Takes on the invited role for the rest of the transaction: people may enrol themselves with the role of the context only. */
  async assumeRole(tenantId: string, userId: string, role: Role): Promise<void> {
    await this.database.query('SELECT set_user_context($1, $2, $3)', [tenantId, userId, role]);
  }
}
