import type { Locale, Permission, Role, UserStatus } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { CURRENT_TENANT, type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import { TENANT_SUMMARY, type TenantSummaryRow } from '../tenant/tenant-summary.response.js';
import { type UserRecord, User } from './user.entity.js';

/** The columns that log-in reads. Nothing else reads a password hash. */
export interface Credentials {
  id: string;
  passwordHash: string;
  status: UserStatus;
  /** True if an admin has set the password or requires a new one. */
  mustChangePassword: boolean;
  /** True for a temporary password that was not replaced in time. */
  expired: boolean;
  /** True if a log-in needs a second factor as well. */
  hasFactor: boolean;
}

/** The columns of a new user; the others have the table's defaults. */
export interface NewUser {
  id: string;
  email: string;
  passwordHash: string;
  firstName: string | null;
  lastName: string | null;
  role: Role;
  createdBy?: string;
  /** Whether the address has been verified already. */
  emailVerified?: boolean;
}

/* These run on the operators' login as well, hence the tenant of the transaction. */
const INSERT = `
  INSERT INTO users (tenant_id, id, email, password_hash, first_name, last_name, role, created_by, must_change_password,
                     temporary_password_expires_at, email_verified_at)
  VALUES (${CURRENT_TENANT}, $1, $2, $3, $4, $5, $6, $7, $8::float8 IS NOT NULL, now() + $8 * interval '1 hour',
          CASE WHEN $9 THEN now() END)
  RETURNING temporary_password_expires_at AS "expiresAt"`;

const SET_TEMPORARY_PASSWORD = `
  UPDATE users SET password_hash = $2, must_change_password = true,
                   temporary_password_expires_at = now() + $3::float8 * interval '1 hour'
   WHERE tenant_id = ${CURRENT_TENANT} AND id = $1
  RETURNING temporary_password_expires_at AS "expiresAt"`;

const FIND_BY_EMAIL = `
  SELECT id, email, status FROM users WHERE tenant_id = ${CURRENT_TENANT} AND email_key = email_key($1)`;

const FIND_BY_EMAIL_FOR_UPDATE = `${FIND_BY_EMAIL} FOR NO KEY UPDATE`;

const REINSTATE = `
  UPDATE users SET password_hash = $2, must_change_password = false, temporary_password_expires_at = NULL, role = $3,
                   status = 'active'
   WHERE tenant_id = ${CURRENT_TENANT} AND id = $1`;

const SET_STATUS = `UPDATE users SET status = $2 WHERE tenant_id = ${CURRENT_TENANT} AND id = $1`;

/** What operators need to know of a user whom they name by the address. */
export type FoundByEmail = Pick<UserRecord, 'id' | 'email' | 'status'>;

export interface ProfileChanges {
  firstName?: string;
  lastName?: string;
  avatarUrl?: string | null;
  timezone?: string;
  locale?: Locale;
}

/** The fields that an admin may change, other than rights. */
export interface UserChanges extends ProfileChanges {
  email?: string;
}

/** A user's rights: the role and what is granted in addition. */
export interface Rights {
  role: Role;
  permissions: Permission[];
  customRoleId: string | null;
}

const USER_COLUMNS = `
         u.tenant_id AS "tenantId", u.id, u.email, u.email_verified_at AS "emailVerifiedAt",
         u.first_name AS "firstName", u.last_name AS "lastName", u.avatar_url AS "avatarUrl", u.timezone, u.locale,
         u.role, u.permissions, u.custom_role_id AS "customRoleId", r.name AS "customRoleName",
         coalesce(r.permissions, '[]') AS "customRolePermissions", u.factors, u.status, u.suspended_by_role AS "suspendedByRole",
         u.must_change_password AS "mustChangePassword", u.last_login_at AS "lastLoginAt",
         u.login_count AS "loginCount", u.created_by AS "createdBy", u.created_at AS "createdAt", u.updated_at AS "updatedAt"`;

const USERS_WITH_ROLES = `users u LEFT JOIN tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id`;

/** Users with their custom roles; the start of a statement. */
export const SELECT_USER = `SELECT ${USER_COLUMNS} FROM ${USERS_WITH_ROLES}`;

/** The most frequent query, hence a constant instead of a query that is built for each call. */
export const FIND_USER_BY_ID = `${SELECT_USER} WHERE u.id = $1`;

/** The second `users` is only for the join: it has the row as it was before. */
const RECORD_LOGIN = `
  UPDATE users u SET last_login_at = now(), login_count = u.login_count + 1
    FROM users b LEFT JOIN tenant_roles r ON r.tenant_id = b.tenant_id AND r.id = b.custom_role_id
   WHERE u.id = $1 AND b.tenant_id = u.tenant_id AND b.id = u.id
  RETURNING ${USER_COLUMNS}`;

/** A user together with the tenant, in one round trip. */
export const FIND_PROFILE = `
  SELECT ${USER_COLUMNS}, ${TENANT_SUMMARY}
    FROM ${USERS_WITH_ROLES} JOIN tenants t ON t.id = u.tenant_id
   WHERE u.id = $1`;

/** The users of the current transaction's tenant; row-level security hides those of any other. */
@Injectable()
export class UserRepository {
  constructor(private readonly database: TenantDatabase) {}

  async findById(id: string): Promise<UserRecord | null> {
    const [user] = await this.database.query<UserRecord>(FIND_USER_BY_ID, [id]);
    return user ?? null;
  }

  async findProfile(id: string): Promise<(UserRecord & TenantSummaryRow) | null> {
    const [found] = await this.database.query<UserRecord & TenantSummaryRow>(FIND_PROFILE, [id]);
    return found ?? null;
  }

  /** Locks the user until the transaction ends. Null also if the current user may see but not change this user. */
  async findForUpdate(id: string): Promise<UserRecord | null> {
    const locked = await this.database.query('SELECT id FROM users WHERE id = $1 FOR UPDATE', [id]);
    return locked.length === 0 ? null : this.findById(id);
  }

  async findCredentials(email: string): Promise<Credentials | null> {
    const [found] = await this.database.query<Credentials>(
      `SELECT id, password_hash AS "passwordHash", status, must_change_password AS "mustChangePassword", expired,
              has_factor AS "hasFactor"
         FROM find_credentials($1)`,
      [email],
    );
    return found ?? null;
  }

  /** True if a user of the tenant has the address. Also without the right to see users. */
  async isEmailTaken(email: string): Promise<boolean> {
    const [row] = await this.database.query<{ taken: boolean }>(
      'SELECT EXISTS (SELECT FROM find_credentials($1)) AS taken',
      [email],
    );
    return row?.taken === true;
  }

  /** True if another user of the tenant has the address. Also without the right to see users. */
  async isEmailOfOther(id: string, email: string): Promise<boolean> {
    const [row] = await this.database.query<{ taken: boolean }>(
      'SELECT EXISTS (SELECT FROM find_credentials($2) WHERE id <> $1) AS taken',
      [id, email],
    );
    return row?.taken === true;
  }

  /** The id of the active user with the address. Also without the right to see users. */
  async findActiveId(email: string): Promise<string | null> {
    const [found] = await this.database.query<{ id: string }>(
      `SELECT id FROM find_credentials($1) WHERE status = 'active'`,
      [email],
    );
    return found?.id ?? null;
  }

  /** The hashes of the current user's latest former passwords. */
  async findFormerPasswords(count: number): Promise<string[]> {
    const rows = await this.database.query<{ hash: string }>(
      'SELECT password_hash AS hash FROM former_passwords($1)',
      [count],
    );
    return rows.map(({ hash }) => hash);
  }

  /**
   * True if the user still has the password that was verified outside of the transaction, and may still use it. Waits for
   * a concurrent change of the password and blocks later ones, so that no log-in with the old password completes after
   * the change.
   */
  async lockUnchanged(email: string, verified: Credentials): Promise<boolean> {
    await this.database.query('SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE', [
      verified.id,
    ]);
    const current = await this.findCredentials(email);
    return (
      current?.passwordHash === verified.passwordHash &&
      current.status === 'active' &&
      current.mustChangePassword === verified.mustChangePassword &&
      !current.expired
    );
  }

  /** Locks the user's row until the transaction ends. */
  async lock(id: string): Promise<Pick<UserRecord, 'status' | 'mustChangePassword'> | null> {
    const [user] = await this.database.query<Pick<UserRecord, 'status' | 'mustChangePassword'>>(
      `SELECT status, must_change_password AS "mustChangePassword" FROM users WHERE id = $1 FOR NO KEY UPDATE`,
      [id],
    );
    return user ?? null;
  }

  async insert(transaction: SqlRunner, user: NewUser): Promise<void> {
    await this.insertFor(transaction, user, null);
  }

  /** Inserts a user who must replace the password within these hours. @returns when it expires. */
  async insertWithTemporaryPassword(
    transaction: SqlRunner,
    user: NewUser,
    hours: number,
  ): Promise<Date> {
    const expiresAt = await this.insertFor(transaction, user, hours);
    if (expiresAt === null) throw new Error('The temporary password has no expiry.');
    return expiresAt;
  }

  /** Counts a log-in. @returns the user after that. */
  async recordLogin(id: string): Promise<UserRecord> {
    const [user] = await this.database.query<UserRecord>(RECORD_LOGIN, [id]);
    if (user === undefined) throw new Error('The update returned no row.');
    return user;
  }

  async setPasswordHash(id: string, passwordHash: string): Promise<void> {
    const manager = await this.database.manager();
    await manager.update(User, { id }, { passwordHash });
  }

  /** Sets a password that the user has chosen. */
  async setChosenPassword(id: string, passwordHash: string): Promise<void> {
    await this.database.query(
      `UPDATE users SET password_hash = $2, must_change_password = false, temporary_password_expires_at = NULL
        WHERE id = $1`,
      [id, passwordHash],
    );
  }

  /** Marks the address as verified. @returns false if it was already. */
  async verifyEmail(id: string): Promise<boolean> {
    const verified = await this.database.query(
      'UPDATE users SET email_verified_at = now() WHERE id = $1 AND email_verified_at IS NULL RETURNING id',
      [id],
    );
    return verified.length > 0;
  }

  /** Sets an address that the user has proved to have. */
  async setVerifiedEmail(id: string, email: string): Promise<void> {
    await this.database.query(
      'UPDATE users SET email = $2, email_verified_at = now() WHERE id = $1',
      [id, email],
    );
  }

  /** Updates the given fields. A new email address is not verified. */
  async update(id: string, changes: UserChanges): Promise<void> {
    const manager = await this.database.manager();
    const unverified = changes.email !== undefined && { emailVerifiedAt: null };
    await manager.update(User, { id }, { ...changes, ...unverified });
  }

  async setRights(id: string, rights: Rights): Promise<void> {
    const manager = await this.database.manager();
    await manager.update(User, { id }, rights);
  }

  async setStatus(transaction: SqlRunner, id: string, status: UserStatus): Promise<void> {
    await transaction.query(SET_STATUS, [id, status]);
  }

  /** In an operator's transaction. */
  async findByEmail(transaction: SqlRunner, email: string): Promise<FoundByEmail | null> {
    const [found] = await transaction.query<FoundByEmail>(FIND_BY_EMAIL, [email]);
    return found ?? null;
  }

  /** The same, and locks the user's row until the transaction ends. */
  async findByEmailForUpdate(transaction: SqlRunner, email: string): Promise<FoundByEmail | null> {
    const [found] = await transaction.query<FoundByEmail>(FIND_BY_EMAIL_FOR_UPDATE, [email]);
    return found ?? null;
  }

  /** Makes a user active, with this role and a password that the user has chosen. */
  async reinstate(
    transaction: SqlRunner,
    id: string,
    { role, passwordHash }: Pick<NewUser, 'role' | 'passwordHash'>,
  ): Promise<void> {
    await transaction.query(REINSTATE, [id, passwordHash, role]);
  }

  /**
   * Sets a password that the user must replace.
   * @returns when the password expires.
   */
  async setTemporaryPassword(
    transaction: SqlRunner,
    id: string,
    passwordHash: string,
    hours: number,
  ): Promise<Date> {
    const [row] = await transaction.query<{ expiresAt: Date }>(SET_TEMPORARY_PASSWORD, [
      id,
      passwordHash,
      hours,
    ]);
    if (row === undefined) throw new Error('The update returned no row.');
    return row.expiresAt;
  }

  async requirePasswordChange(id: string): Promise<void> {
    await this.database.query('UPDATE users SET must_change_password = true WHERE id = $1', [id]);
  }

  async delete(id: string): Promise<void> {
    await this.database.query('DELETE FROM users WHERE id = $1', [id]);
  }

  private async insertFor(
    transaction: SqlRunner,
    user: NewUser,
    hours: number | null,
  ): Promise<Date | null> {
    const [row] = await transaction.query<{ expiresAt: Date | null }>(INSERT, [
      user.id,
      user.email,
      user.passwordHash,
      user.firstName,
      user.lastName,
      user.role,
      user.createdBy ?? null,
      hours,
      user.emailVerified ?? false,
    ]);
    return row?.expiresAt ?? null;
  }
}
