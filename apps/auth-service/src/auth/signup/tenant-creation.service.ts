import type { TenantSnapshot } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import { temporaryPassword } from '../../protection/temporary-password.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { UserService } from '../../user/user.service.js';
import type { CreateTenantDto } from './create-tenant.dto.js';

/** A tenant to create, with its first admin. It satisfies the rules of {@link CreateTenantDto}. */
export type TenantInput = Omit<CreateTenantDto, 'adminPassword' | 'deviceId'>;

/** A tenant whose admin's password is hashed: everything that its transaction needs. */
export interface PreparedTenant {
  readonly tenantId: string;
  readonly adminId: string;
  readonly input: TenantInput;
  readonly passwordHash: string;
  /** For how many hours a temporary password is valid. Null for one that the admin has chosen. */
  readonly temporaryForHours: number | null;
}

/**
 * Creates tenants, each with its default settings and its first admin: for a sign-up, an operator and the command line.
 * Prepare the tenant before its transaction, so that no connection is in use while the password is hashed.
 */
@Injectable()
export class TenantCreationService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'passwords'>,
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
  }: TenantInput & Pick<CreateTenantDto, 'adminPassword'>): Promise<PreparedTenant> {
    const { name, subdomain, adminEmail: email } = input;
    const names = { firstName: input.adminFirstName, lastName: input.adminLastName };
    const context = { email, ...names, tenant: { name, subdomain } };
    this.policy.check(adminPassword, context, 'adminPassword');
    return this.withPassword(input, adminPassword, null);
  }

  /** The same with a generated password, which the admin must change at the first log-in. @throws ApiError SERVICE_BUSY. */
  async prepareWithTemporaryPassword(
    input: TenantInput,
  ): Promise<PreparedTenant & { readonly temporaryPassword: string }> {
    const password = temporaryPassword();
    const { temporaryHours } = this.config.passwords;
    const prepared = await this.withPassword(input, password, temporaryHours);
    return { ...prepared, temporaryPassword: password };
  }

  /**
   * Writes a prepared tenant.
   * @param transaction in the new tenant: of its admin or an operator's
   * @param details added to the event in the audit log
   * @returns the tenant, and when a temporary password of its admin expires.
   * @throws the database's refusal of a subdomain that is in use (TENANT_EXISTS).
   */
  async create(
    transaction: SqlRunner,
    { tenantId, adminId, input, passwordHash, temporaryForHours }: PreparedTenant,
    details: Readonly<Record<string, string>> = {},
  ): Promise<{ tenant: TenantSnapshot; expiresAt: Date | null }> {
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
    const admin = {
      id: adminId,
      email: adminEmail,
      passwordHash,
      firstName: input.adminFirstName ?? null,
      lastName: input.adminLastName ?? null,
      role: 'admin',
      temporaryForHours,
    } as const;
    return { tenant, expiresAt: await this.users.create(transaction, admin) };
  }

  private async withPassword(
    input: TenantInput,
    password: string,
    temporaryForHours: number | null,
  ): Promise<PreparedTenant> {
    const passwordHash = await this.hasher.hash(password);
    return { tenantId: uuidv7(), adminId: uuidv7(), input, passwordHash, temporaryForHours };
  }
}
