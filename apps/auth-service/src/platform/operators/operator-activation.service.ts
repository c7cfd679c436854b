import { Injectable } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import { hashOfSecret } from '../../protection/secret.js';
import type { ActivateOperatorDto, OperatorResponse } from './operator.dto.js';
import { OperatorService } from './operator.service.js';

const IS_OPEN = 'SELECT operator_invitation_is_open($1, $2) AS open';

/** Makes the holder of a one-time secret an operator, with a password of their choice. */
@Injectable()
export class OperatorActivationService {
  constructor(
    private readonly operators: OperatorService,
    private readonly database: TenantDatabase,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
  ) {}

  /**
   * @param tenant that the request names
   * @throws ApiError NOT_FOUND unless that is the platform tenant; INVALID_INVITE; VALIDATION_ERROR if the password is weak; SERVICE_BUSY.
   */
  async activate(
    tenant: TenantSnapshot,
    { email, secret, password }: ActivateOperatorDto,
  ): Promise<OperatorResponse> {
    if (!tenant.isPlatform) throw new ApiError('NOT_FOUND');
    // A public route: without a valid secret it neither hashes a password nor uses one of the operators' few connections.
    const [row] = await this.database.lookup<{ open: boolean }>(IS_OPEN, [
      email,
      hashOfSecret(secret),
    ]);
    if (row?.open !== true) throw new ApiError('INVALID_INVITE');
    this.policy.check(password, { email, tenant });
    const id = await this.operators.activate(email, secret, await this.hasher.hash(password));
    return { id, email };
  }
}
