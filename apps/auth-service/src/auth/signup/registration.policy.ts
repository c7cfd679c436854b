import { ApiError, isReadOnly, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../session/clock.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.service.js';

/**
 * Decides who may register, by the tenant's setting `registration.mode`. It does not look up the address, so that a refusal
 * does not reveal whether an account exists; and it runs before the password is hashed, so that requests to a closed
 * tenant are cheap.
 */
@Injectable()
export class RegistrationPolicy {
  constructor(
    private readonly tenants: TenantService,
    private readonly invitations: InvitationAcceptance,
    private readonly clock: Clock,
  ) {}

  /**
   * Call it in a transaction of the tenant.
   * @throws ApiError REGISTRATION_REFUSED; INVALID_INVITE if the token is invalid; SUBSCRIPTION_ENDED if the tenant is
   *   read-only.
   */
  async assertMayRegister(
    tenant: TenantSnapshot,
    { inviteToken }: { inviteToken?: string },
  ): Promise<void> {
    // Operators are created by the command line only, regardless of settings and invitations.
    if (tenant.isPlatform) throw new ApiError('REGISTRATION_REFUSED');
    if (isReadOnly(tenant, (await this.clock.now()).getTime()))
      throw new ApiError('SUBSCRIPTION_ENDED');
    if (inviteToken !== undefined) {
      await this.invitations.inspect(tenant, inviteToken);
      return;
    }
    const { mode } = (await this.tenants.settings()).registration;
    // Every other mode needs an invitation: an address that is not confirmed proves no domain.
    if (mode !== 'open') throw new ApiError('REGISTRATION_REFUSED');
  }
}
