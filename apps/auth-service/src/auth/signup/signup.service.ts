import { ApiError } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { contextWithoutRights, type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { LoginService } from '../login/login.service.js';
import type { CreateTenantDto } from './create-tenant.dto.js';
import type { SignupResponse } from './signup.response.js';
import { TenantCreationService } from './tenant-creation.service.js';

/** The sign-up of a tenant by its first admin. */
@Injectable()
export class SignupService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly creation: TenantCreationService,
    private readonly tenants: TenantService,
    private readonly logins: LoginService,
    private readonly database: TenantDatabase,
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
   * Creates a tenant with its first admin and opens a session, in one transaction.
   * @throws ApiError VALIDATION_ERROR, TENANT_EXISTS, SERVICE_BUSY.
   */
  async create(input: CreateTenantDto, client: RequestClient): Promise<SignupResponse> {
    // Before the password is hashed, which is expensive.
    if (await this.tenants.isSubdomainTaken(input.subdomain)) throw new ApiError('TENANT_EXISTS');
    const prepared = await this.creation.prepare(input);
    const { tenantId, adminId } = prepared;
    return this.database.transaction(contextWithoutRights(tenantId, adminId), async () => {
      const tenant = await this.creation.create(this.database, prepared);
      const { user, tokens } = await this.logins.openFirstSession(
        tenant,
        adminId,
        client,
        input.deviceId,
      );
      return { tenant: await this.tenants.current(), adminUser: user, tokens };
    });
  }
}
