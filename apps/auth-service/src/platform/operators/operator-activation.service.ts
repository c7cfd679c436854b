import { Injectable } from '@nestjs/common';
import { ApiError, PLATFORM_SUBDOMAIN } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import { hashOfSecret } from '../../protection/secret.js';
import type { ActivateOperatorDto, OperatorResponse } from './operator.dto.js';
import { OperatorService } from './operator.service.js';

const IS_OPEN = 'SELECT operator_invitation_is_open($1, $2) AS open';

/** How the holder of a one-time secret becomes an operator: with a password of their own. */
@Injectable()
export class OperatorActivationService {
  constructor(
    private readonly operators: OperatorService,
    private readonly database: TenantDatabase,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
  ) {}

  /** @throws ApiError INVALID_INVITE, VALIDATION_ERROR for a weak password, SERVICE_BUSY. */
  async activate({ email, secret, password }: ActivateOperatorDto): Promise<OperatorResponse> {
    // Anybody may call this: without a secret nobody has a password hashed or the operators' few connections used.
    const [row] = await this.database.lookup<{ open: boolean }>(IS_OPEN, [
      email,
      hashOfSecret(secret),
    ]);
    if (row?.open !== true) throw new ApiError('INVALID_INVITE');
    const tenant = { name: 'Platform', subdomain: PLATFORM_SUBDOMAIN };
    this.policy.check(password, { email, tenant });
    const id = await this.operators.activate(email, secret, await this.hasher.hash(password));
    return { id, email };
  }
}
