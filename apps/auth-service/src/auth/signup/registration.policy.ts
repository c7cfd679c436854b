import { ApiError, isReadOnly, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../session/clock.js';
import { TenantDomainService } from '../../tenant/domains/tenant-domain.service.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.service.js';
import { domainOfAddress } from '../invitations/invitation.rules.js';

/**
 * Who may register themselves, by the tenant's setting `registration.mode`. It never looks whether an address has an
 * account, so that a refusal tells nothing of one; and it comes before anything is hashed, so that a closed tenant
 * cannot be kept busy.
 */
@Injectable()
export class RegistrationPolicy {
  constructor(
    private readonly tenants: TenantService,
    private readonly domains: TenantDomainService,
    private readonly invitations: InvitationAcceptance,
    private readonly clock: Clock,
  ) {}

  /**
   * To be asked in a transaction of the tenant.
   * @throws ApiError REGISTRATION_REFUSED; INVALID_INVITE for whoever brings a token that is worth nothing;
   *   SUBSCRIPTION_ENDED in a tenant that can only be read.
   */
  async assertMayRegister(
    tenant: TenantSnapshot,
    { email, inviteToken }: { email: string; inviteToken?: string },
  ): Promise<void> {
    // Operators are made by the command line alone, whatever anybody set or sent.
    if (tenant.isPlatform) throw new ApiError('REGISTRATION_REFUSED');
    if (isReadOnly(tenant, this.clock.now().getTime())) throw new ApiError('SUBSCRIPTION_ENDED');
    if (inviteToken !== undefined) {
      await this.invitations.inspect(tenant, inviteToken);
      return;
    }
    const { mode } = (await this.tenants.settings()).registration;
    if (mode === 'open') return;
    if (mode === 'domains' && (await this.domains.isProven(domainOfAddress(email)))) return;
    throw new ApiError('REGISTRATION_REFUSED');
  }
}
