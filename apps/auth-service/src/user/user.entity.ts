import type { FactorKind, Locale, Permission, Role, UserStatus } from '@poc-tracker/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An account in a tenant. */
@Entity('users')
export class User {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  /** In the form of checkEmail. Its key (`email_key`) is unique in the tenant. */
  @Column({ type: 'varchar', length: 255 })
  email: string;

  /** Write-only: the service's database login may not select it, so no loaded user contains it. */
  @Column({ name: 'password_hash', type: 'text', select: false })
  passwordHash?: string;

  @Column({ name: 'email_verified_at', type: 'timestamptz', nullable: true })
  emailVerifiedAt: Date | null;

  @Column({ name: 'first_name', type: 'varchar', length: 100, nullable: true })
  firstName: string | null;

  @Column({ name: 'last_name', type: 'varchar', length: 100, nullable: true })
  lastName: string | null;

  @Column({ name: 'avatar_url', type: 'varchar', length: 500, nullable: true })
  avatarUrl: string | null;

  @Column({ type: 'varchar' })
  timezone: string;

  @Column({ type: 'varchar' })
  locale: Locale;

  @Column({ type: 'varchar' })
  role: Role;

  /** Granted to the user in addition to those of the role. */
  @Column({ type: 'jsonb' })
  permissions: Permission[];

  /** A custom role of the tenant, in addition to the role. */
  @Column({ name: 'custom_role_id', type: 'uuid', nullable: true })
  customRoleId: string | null;

  /** True if an admin has set the password or requires a new one. */
  @Column({ name: 'must_change_password', type: 'boolean' })
  mustChangePassword: boolean;

  /** The kinds of the user's confirmed second factors. Written by the database. */
  @Column({ type: 'text', array: true })
  factors: FactorKind[];

  @Column({ type: 'varchar' })
  status: UserStatus;

  /** The role of the user who suspended this one, by a trigger; null if they are not suspended, or by an operator. */
  @Column({ name: 'suspended_by_role', type: 'varchar', nullable: true })
  suspendedByRole: Role | null;

  @Column({ name: 'last_login_at', type: 'timestamptz', nullable: true })
  lastLoginAt: Date | null;

  @Column({ name: 'login_count', type: 'int' })
  loginCount: number;

  @Column({ name: 'created_by', type: 'uuid', nullable: true })
  createdBy: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}

/** A user with the name and the permissions of their custom role. */
export type UserRecord = Omit<User, 'passwordHash'> & {
  customRoleName: string | null;
  /** Empty without a custom role. */
  customRolePermissions: Permission[];
};
