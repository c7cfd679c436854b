import { Injectable } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { PasswordHasher } from '../../protection/passwords/password.hasher.js';
import { PasswordPolicy } from '../../protection/passwords/password.policy.js';
import { hashOfSecret } from '../../protection/secret.js';
import { DEFAULT_TENANT_SETTINGS } from '../../tenant/settings/settings-resolution.js';
import type { ActivateOperatorDto, OperatorResponse } from './operator.dto.js';
import { OperatorFactorRequirement } from './operator-factor-requirement.js';
import { OperatorInvitationRepository } from './operator-invitation.repository.js';
import { OperatorService } from './operator.service.js';

/** Makes the holder of a one-time secret an operator, with a password of their choice. */
@Injectable()
export class OperatorActivationService {
  constructor(
    private readonly operators: OperatorService,
    private readonly invitations: OperatorInvitationRepository,
    private readonly factorRequirement: OperatorFactorRequirement,
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
    if (!(await this.invitations.isOpen(email, hashOfSecret(secret))))
      throw new ApiError('INVALID_INVITE');
    // No one sets the password rules of the platform tenant.
    const rules = DEFAULT_TENANT_SETTINGS.security;
    this.policy.check(password, { email, tenant, rules });
    const passwordHash = await this.hasher.hash(password);
    // Before there is an operator whose password would be enough.
    await this.factorRequirement.apply();
    return this.operators.activate(email, secret, passwordHash);
  }
}
