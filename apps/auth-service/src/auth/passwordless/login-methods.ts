import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';
import type { TenantSettings } from '../../tenant/settings/settings-catalogue.js';
import { TenantService } from '../../tenant/tenant.service.js';

/** The ways to log in without a password that a tenant allows. */
@Injectable()
export class LoginMethods {
  constructor(
    private readonly tenants: TenantService,
    private readonly database: TenantDatabase,
  ) {}

  /** In a transaction of its own. @throws ApiError LOGIN_METHOD_DISABLED. */
  async assertAllowed(
    { id }: TenantSnapshot,
    method: keyof TenantSettings['login'],
  ): Promise<void> {
    const { login } = await this.database.transaction(contextWithoutRights(id), () =>
      this.tenants.settings(),
    );
    if (!login[method]) throw new ApiError('LOGIN_METHOD_DISABLED');
  }
}
