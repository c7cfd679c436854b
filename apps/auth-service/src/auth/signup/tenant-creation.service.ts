import type { TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/passwords/password.hasher.js';
import { PasswordPolicy } from '../../protection/passwords/password.policy.js';
import { temporaryPassword } from '../../protection/passwords/temporary-password.js';
import { DEFAULT_TENANT_SETTINGS } from '../../tenant/settings/settings-resolution.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { type NewUser, UserService } from '../../user/user.service.js';
import type { CreateTenantDto } from './create-tenant.dto.js';

/** A tenant to create, with its first admin. It satisfies the rules of {@link CreateTenantDto}. */
export type TenantInput = Omit<CreateTenantDto, 'adminPassword' | 'deviceId'>;

/** A tenant whose admin's password is hashed: everything that its transaction needs. */
export interface PreparedTenant {
  readonly tenantId: string;
  readonly adminId: string;
  readonly input: TenantInput;
  readonly passwordHash: string;
  /** Null if the admin has chosen the password. */
  readonly temporaryPassword: string | null;
}

/** A tenant whose admin has chosen the password. */
export type TenantWithChosenPassword = PreparedTenant & { readonly temporaryPassword: null };

/** A tenant whose admin gets a temporary password. */
export type TenantWithTemporaryPassword = PreparedTenant & { readonly temporaryPassword: string };

/**
 * Creates tenants, each with its default settings and its first admin: for a sign-up, an operator and the command line.
 * Prepare the tenant before its transaction, so that no connection is in use while the password is hashed.
 */
@Injectable()
export class TenantCreationService {
  constructor(
    private readonly tenants: TenantService,
    private readonly users: UserService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly events: SecurityEvents,
  ) {}

  /** @throws ApiError VALIDATION_ERROR if the password is weak, SERVICE_BUSY. */
  async prepare({
    adminPassword,
    ...input
  }: TenantInput & Pick<CreateTenantDto, 'adminPassword'>): Promise<TenantWithChosenPassword> {
    const { name, subdomain, adminEmail: email } = input;
    const names = { firstName: input.adminFirstName, lastName: input.adminLastName };
    const rules = DEFAULT_TENANT_SETTINGS.security;
    const context = { email, ...names, tenant: { name, subdomain }, rules };
    this.policy.check(adminPassword, context, 'adminPassword');
    return { ...(await this.withPassword(input, adminPassword)), temporaryPassword: null };
  }

  /** The same with a generated password, which the admin must change at the first log-in. @throws ApiError SERVICE_BUSY. */
  async prepareWithTemporaryPassword(input: TenantInput): Promise<TenantWithTemporaryPassword> {
    const password = temporaryPassword();
    return { ...(await this.withPassword(input, password)), temporaryPassword: password };
  }

  /**
   * Writes a prepared tenant.
   * @param transaction in the new tenant, of its admin
   * @throws the database's refusal of a subdomain that is in use (TENANT_EXISTS).
   */
  async create(
    transaction: SqlRunner,
    prepared: TenantWithChosenPassword,
  ): Promise<TenantSnapshot> {
    const tenant = await this.insertTenant(transaction, prepared, {});
    await this.users.create(transaction, adminOf(prepared));
    return tenant;
  }

  /**
   * The same with a temporary password of the admin.
   * @param transaction in the new tenant, of an operator
   * @param details added to the event in the audit log
   * @returns when the password expires.
   */
  async createWithTemporaryPassword(
    transaction: SqlRunner,
    prepared: TenantWithTemporaryPassword,
    details: Readonly<Record<string, string>> = {},
  ): Promise<Date> {
    await this.insertTenant(transaction, prepared, details);
    return this.users.createWithTemporaryPassword(transaction, adminOf(prepared));
  }

  private async insertTenant(
    transaction: SqlRunner,
    { tenantId, input }: PreparedTenant,
    details: Readonly<Record<string, string>>,
  ): Promise<TenantSnapshot> {
    const { name, subdomain, planType, adminEmail } = input;
    const created = { id: tenantId, name, subdomain, plan: planType };
    const tenant = await this.tenants.create(transaction, created);
    const event = {
      type: 'tenant.created',
      result: 'success',
      target: { type: 'tenant', id: tenantId },
      details: { adminEmail, planType, ...details },
    } as const;
    await this.events.recordIn(transaction, event);
    return tenant;
  }

  private async withPassword(
    input: TenantInput,
    password: string,
  ): Promise<Omit<PreparedTenant, 'temporaryPassword'>> {
    const passwordHash = await this.hasher.hash(password);
    return { tenantId: uuidv7(), adminId: uuidv7(), input, passwordHash };
  }
}

function adminOf({ adminId, input, passwordHash }: PreparedTenant): NewUser {
  return {
    id: adminId,
    email: input.adminEmail,
    passwordHash,
    firstName: input.adminFirstName ?? null,
    lastName: input.adminLastName ?? null,
    role: 'admin',
  };
}
