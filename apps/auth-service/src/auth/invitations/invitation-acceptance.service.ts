import { ApiError, type Role, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { SecurityEvents } from '../../audit/security-events.js';
import { InvitationTokenRepository } from './invitation-token.repository.js';
import { hashOfSecret } from '../../protection/secret.js';
import { type InvitationKind, kindOfInvitationToken } from './invitation-token.js';
import type { InvitationPreviewResponse } from './invitation.response.js';
import { maskedAddress } from './invitation.rules.js';

/**
 * What a token is worth to whoever brings it. Unknown, altered, used up, expired, revoked, another tenant's, another
 * person's, or of somebody who may no longer invite: all are answered alike, by INVALID_INVITE.
 */
@Injectable()
export class InvitationAcceptance {
  constructor(
    private readonly tokens: InvitationTokenRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** Changes nothing. @throws ApiError INVALID_INVITE. */
  async inspect(tenant: TenantSnapshot, token: string): Promise<InvitationPreviewResponse> {
    const { kind, tokenHash } = read(token);
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
   * Uses the token up for a person who is written in the same transaction: an invitation as a whole, of a link one use.
   * @returns the role that it gives.
   * @throws ApiError INVALID_INVITE.
   */
  async accept(token: string, email: string, userId: string): Promise<Role> {
    const { kind, tokenHash } = read(token);
    const accepted = await (kind === 'person'
      ? this.tokens.acceptInvite(tokenHash, email, userId)
      : this.tokens.acceptInviteLink(tokenHash, email, userId));
    if (accepted === null) throw new ApiError('INVALID_INVITE');
    const { id, role } = accepted;
    await this.events.record({
      type: 'invitation.accepted',
      result: 'success',
      actorId: userId,
      target: { type: kind === 'person' ? 'invitation' : 'invitation_link', id },
      details: { role },
    });
    return role;
  }
}

function read(token: string): { kind: InvitationKind; tokenHash: Buffer } {
  const kind = kindOfInvitationToken(token);
  if (kind === undefined) throw new ApiError('INVALID_INVITE');
  return { kind, tokenHash: hashOfSecret(token) };
}
