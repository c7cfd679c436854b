import { ApiError, type Role } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import {
  contextWithoutRights,
  type RequestClient,
  TenantDatabase,
  uuidv7,
} from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import type { CreateTenantDto } from './create-tenant.dto.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { UserService } from '../../user/user.service.js';
import { LoginService } from '../login/login.service.js';
import type { SignupResponse } from './signup.response.js';

const FIRST_ROLE: Role = 'admin';

/** Creation of tenants, each together with its first admin. */
@Injectable()
export class SignupService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly tenants: TenantService,
    private readonly users: UserService,
    private readonly logins: LoginService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Creates a tenant if the deployment allows it, and opens a session for its first admin.
   * @throws ApiError SIGNUP_CLOSED, VALIDATION_ERROR, TENANT_EXISTS, SERVICE_BUSY.
   */
  async signUp(input: CreateTenantDto, client: RequestClient): Promise<SignupResponse> {
    const { signup, signupPlans } = this.config.tenancy;
    if (signup === 'closed') throw new ApiError('SIGNUP_CLOSED');
    if (!signupPlans.includes(input.planType)) {
      const message = `must be one of ${signupPlans.join(', ')}; operators assign larger plans`;
      throw ApiError.validation({ field: 'planType', message });
    }
    return this.create(input, client);
  }

  /**
   * Creates a tenant with its default settings and its first admin and opens a session, in one transaction.
   * @throws ApiError VALIDATION_ERROR, TENANT_EXISTS, SERVICE_BUSY.
   */
  async create(input: CreateTenantDto, client: RequestClient): Promise<SignupResponse> {
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
    const [tenantId, id] = [uuidv7(), uuidv7()];
    return this.database.transaction(contextWithoutRights(tenantId, id), async () => {
      const tenant = await this.tenants.create({ id: tenantId, name, subdomain, plan });
      await this.events.record({
        type: 'tenant.created',
        result: 'success',
        target: { type: 'tenant', id: tenantId },
        details: { adminEmail: email, planType: plan },
      });
      await this.users.create({ ...admin, tenantId, id, passwordHash, role: FIRST_ROLE });
      const { user, tokens } = await this.logins.openSession(tenant, id, client);
      return { tenant: await this.tenants.current(), adminUser: user, tokens };
    });
  }
}
