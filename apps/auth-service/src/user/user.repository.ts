import type { Locale, Permission, Role, UserStatus } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { type UserRecord, User } from './user.entity.js';

/** What log-in needs; the only place where a password hash is read. */
export interface Credentials {
  id: string;
  passwordHash: string;
  status: UserStatus;
  role: Role;
  /** True: the password was chosen by somebody else, or is no longer to be used. */
  mustChangePassword: boolean;
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
  createdBy?: string;
  mustChangePassword?: boolean;
}

export interface ProfileChanges {
  firstName?: string;
  lastName?: string;
  timezone?: string;
  locale?: Locale;
}

/** What an administrator may change of a person beside their rights. */
export interface UserChanges extends ProfileChanges {
  email?: string;
}

/** What makes up a person's rights: the role, and what is granted beside it. */
export interface Rights {
  role: Role;
  permissions: Permission[];
  customRoleId: string | null;
}

/** People and their tenant's own roles; the beginning of a statement. */
export const SELECT_PERSON = `
  SELECT u.tenant_id AS "tenantId", u.id, u.email, u.email_verified_at AS "emailVerifiedAt",
         u.first_name AS "firstName", u.last_name AS "lastName", u.avatar_url AS "avatarUrl", u.timezone, u.locale,
         u.role, u.permissions, u.custom_role_id AS "customRoleId", r.name AS "customRoleName",
         coalesce(r.permissions, '[]') AS "customRolePermissions", u.status,
         u.must_change_password AS "mustChangePassword", u.last_login_at AS "lastLoginAt",
         u.login_count AS "loginCount", u.created_by AS "createdBy", u.created_at AS "createdAt"
    FROM users u LEFT JOIN tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id`;

/** Every signed-in page asks this one, hence fixed text instead of a query that is built anew each time. */
export const FIND_USER_BY_ID = `${SELECT_PERSON} WHERE u.id = $1`;

/** Questions about the people of the current transaction's tenant; row-level security answers for no other. */
@Injectable()
export class UserRepository {
  constructor(private readonly database: TenantDatabase) {}

  async findById(id: string): Promise<UserRecord | null> {
    const [user] = await this.database.query<UserRecord>(FIND_USER_BY_ID, [id]);
    return user ?? null;
  }

  /** The same, locked until the transaction ends. Null also where the caller may see the person but not change them. */
  async findForUpdate(id: string): Promise<UserRecord | null> {
    const locked = await this.database.query('SELECT id FROM users WHERE id = $1 FOR UPDATE', [id]);
    return locked.length === 0 ? null : this.findById(id);
  }

  async findCredentials(email: string): Promise<Credentials | null> {
    const [found] = await this.database.query<Credentials>(
      `SELECT id, password_hash AS "passwordHash", status, role, must_change_password AS "mustChangePassword"
         FROM find_credentials($1)`,
      [email],
    );
    return found ?? null;
  }

  /**
   * True when the person still has the password that was verified outside of the transaction, and may still use it. Waits for a change of it
   * that is under way and keeps later ones waiting, so that a log-in with the old password cannot slip past the change.
   */
  async lockUnchanged(email: string, verified: Credentials): Promise<boolean> {
    await this.database.query('SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE', [
      verified.id,
    ]);
    const current = await this.findCredentials(email);
    return (
      current?.passwordHash === verified.passwordHash &&
      current.status === 'active' &&
      current.mustChangePassword === verified.mustChangePassword
    );
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

  /** Sets a password that the person has chosen. */
  async setChosenPassword(id: string, passwordHash: string): Promise<void> {
    await this.database.query(
      'UPDATE users SET password_hash = $2, must_change_password = false WHERE id = $1',
      [id, passwordHash],
    );
  }

  /** Writes what is named. Who has another address has not shown yet that it is theirs. */
  async update(id: string, changes: UserChanges): Promise<void> {
    const manager = await this.database.manager();
    const unproven = changes.email !== undefined && { emailVerifiedAt: null };
    await manager.update(User, { id }, { ...changes, ...unproven });
  }

  async setRights(id: string, rights: Rights): Promise<void> {
    const manager = await this.database.manager();
    await manager.update(User, { id }, rights);
  }

  async setStatus(id: string, status: UserStatus): Promise<void> {
    await this.database.query('UPDATE users SET status = $2 WHERE id = $1', [id, status]);
  }

  async requirePasswordChange(id: string): Promise<void> {
    await this.database.query('UPDATE users SET must_change_password = true WHERE id = $1', [id]);
  }

  async delete(id: string): Promise<void> {
    await this.database.query('DELETE FROM users WHERE id = $1', [id]);
  }
}
