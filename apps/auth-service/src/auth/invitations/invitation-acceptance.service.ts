import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { SecurityEvents } from '../../audit/security-events.js';
import {
  type AcceptedInvitation,
  InvitationTokenRepository,
} from './invitation-token.repository.js';
import { hashOfSecret } from '../../protection/secret.js';
import { kindOfInvitationToken, type PresentedInvitation } from './invitation-token.js';
import type { InvitationPreviewResponse } from './invitation.response.js';
import { maskedAddress } from './masked-address.js';

/**
 * Verifies and accepts the tokens of invitations. Every invalid token gets the same answer, INVALID_INVITE: unknown,
 * altered, used, expired, revoked, for another tenant or user, or sent by a user who may no longer invite.
 */
@Injectable()
export class InvitationAcceptance {
  constructor(
    private readonly tokens: InvitationTokenRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** Changes nothing. @throws ApiError INVALID_INVITE. */
  async inspect(tenant: TenantSnapshot, token: string): Promise<InvitationPreviewResponse> {
    const { kind, tokenHash } = this.read(token);
    const found = await this.tokens.inspect(tokenHash);
    if (found === null) throw new ApiError('INVALID_INVITE');
    const { email, role, allowedDomains, expiresAt } = found;
    return {
      kind,
      tenantName: tenant.name,
      role,
      email: email === null ? null : maskedAddress(email),
      allowedDomains: allowedDomains ?? [],
      expiresAt,
    };
  }

  /**
   * Accepts an invitation, or one use of a link, for a user that is created in the same transaction.
   * @returns the role and the address of the invitation. The caller may have typed the address in another form.
   * @throws ApiError INVALID_INVITE.
   */
  async accept(
    { kind, tokenHash }: PresentedInvitation,
    email: string,
    userId: string,
  ): Promise<Pick<AcceptedInvitation, 'role' | 'email'>> {
    const accepted = await (kind === 'user'
      ? this.tokens.acceptInvite(tokenHash, email, userId)
      : this.tokens.acceptInviteLink(tokenHash, email, userId));
    if (accepted === null) throw new ApiError('INVALID_INVITE');
    const { id, role } = accepted;
    await this.events.record({
      type: 'invitation.accepted',
      result: 'success',
      actorId: userId,
      target: { type: kind === 'user' ? 'invitation' : 'invitation_link', id },
      details: { role },
    });
    return { role, email: accepted.email };
  }

  /** The kind and the hash of a token. @throws ApiError INVALID_INVITE if it is not well-formed. */
  read(token: string): PresentedInvitation {
    const kind = kindOfInvitationToken(token);
    if (kind === undefined) throw new ApiError('INVALID_INVITE');
    return { kind, tokenHash: hashOfSecret(token) };
  }
}
