import { ApiError, isReadOnly, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../session/clock.js';
import type { TenantSettings } from '../../tenant/settings/settings-catalogue.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.service.js';
import type { PresentedInvitation } from '../invitations/invitation-token.js';

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
   * @returns whether the user has to confirm the address.
   * @throws ApiError REGISTRATION_REFUSED; INVALID_INVITE if the token is invalid; SUBSCRIPTION_ENDED if the tenant is
   *   read-only.
   */
  async assertMayRegister(
    tenant: TenantSnapshot,
    { email, inviteToken }: { email: string; inviteToken?: string },
  ): Promise<{ needsConfirmation: boolean }> {
    const invitation = inviteToken === undefined ? null : this.invitations.read(inviteToken);
    const registration = await this.assertStillAllowed(tenant, { email, invitation });
    if (inviteToken !== undefined) await this.invitations.inspect(tenant, inviteToken);
    // The one who invites sees the token as well, and a link may be for everyone of a domain: neither proves an address.
    const isForAddress = invitation?.kind === 'user';
    const { confirmation, mode } = registration;
    return { needsConfirmation: confirmation === 'email' || (mode === 'domains' && !isForAddress) };
  }

  /**
   * The same for a registration that was allowed before, without its invitation, which is accepted next.
   * @throws ApiError REGISTRATION_REFUSED, SUBSCRIPTION_ENDED.
   */
  async assertStillAllowed(
    tenant: TenantSnapshot,
    { email, invitation }: { email: string; invitation: PresentedInvitation | null },
  ): Promise<TenantSettings['registration']> {
    // Operators are created by the command line only, regardless of settings and invitations.
    if (tenant.isPlatform) throw new ApiError('REGISTRATION_REFUSED');
    if (isReadOnly(tenant, (await this.clock.now()).getTime()))
      throw new ApiError('SUBSCRIPTION_ENDED');
    const { registration } = await this.tenants.settings();
    const { mode, domains } = registration;
    const isAllowed =
      invitation !== null ||
      mode === 'open' ||
      (mode === 'domains' && domains.includes(email.slice(email.lastIndexOf('@') + 1)));
    if (!isAllowed) throw new ApiError('REGISTRATION_REFUSED');
    return registration;
  }
}
