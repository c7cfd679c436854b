import { ApiError, type Role } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import type { Device } from '../../session/device.decorator.js';
import type { CreateTenantDto } from './create-tenant.dto.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { SignInService } from '../login/sign-in.service.js';
import type { SignupResponse } from './signup.response.js';

const FIRST_ROLE: Role = 'admin';

/** How tenants come into being: together with their first admin, or not at all. */
@Injectable()
export class SignupService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly tenants: TenantService,
    private readonly signIns: SignInService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Makes a tenant for whoever asks, where that is allowed, and lets its first admin in.
   * @throws ApiError SIGNUP_CLOSED, VALIDATION_ERROR, TENANT_EXISTS, SERVICE_BUSY.
   */
  async signUp(input: CreateTenantDto, device: Device): Promise<SignupResponse> {
    const { signup, signupPlans } = this.config.tenancy;
    if (signup === 'closed') throw new ApiError('SIGNUP_CLOSED');
    if (!signupPlans.includes(input.planType)) {
      const message = `must be one of ${signupPlans.join(', ')}; larger plans are given by operators`;
      throw ApiError.validation({ field: 'planType', message });
    }
    return this.create(input, device);
  }

  /**
   * Makes a tenant with its default settings and its first admin, and lets the admin in; all of it in one transaction.
   * @throws ApiError VALIDATION_ERROR, TENANT_EXISTS, SERVICE_BUSY.
   */
  async create(input: CreateTenantDto, device: Device): Promise<SignupResponse> {
    const { name, subdomain, planType: plan, adminEmail: email } = input;
    const admin = {
      email,
      firstName: input.adminFirstName ?? null,
      lastName: input.adminLastName ?? null,
    };
    this.policy.check(
      input.adminPassword,
      { ...admin, tenant: { name, subdomain } },
      'adminPassword',
    );
    const passwordHash = await this.hasher.hash(input.adminPassword);
    const context = { tenantId: uuidv7(), userId: uuidv7(), role: FIRST_ROLE };
    return this.database.transaction(context, async () => {
      const { tenantId, userId: id, role } = context;
      const tenant = await this.tenants.create({ id: tenantId, name, subdomain, plan });
      await this.events.record({
        type: 'tenant.created',
        result: 'success',
        target: { type: 'tenant', id: tenantId },
        details: { adminEmail: email, planType: plan },
      });
      const { user, tokens } = await this.signIns.enrol(
        tenant,
        { ...admin, tenantId, id, passwordHash, role },
        device,
      );
      return { tenant: await this.tenants.current(), adminUser: user, tokens };
    });
  }
}
