import { ApiError, type SecurityEventType } from '@poc-tracker/contracts';
import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, toPage } from '@poc-tracker/http-service';
import { Inject, Injectable } from '@nestjs/common';
import { uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import type { CreateInvitationDto, ListInvitationsQuery } from './invitation.dto.js';
import { InvitationRepository, type NewInvitation } from './invitation.repository.js';
import {
  type InvitationPageResponse,
  type InvitationResponse,
  type InvitationResultResponse,
  type SentInvitationResponse,
  toRefusal,
} from './invitation.response.js';
import { assertMayInvite, mayInvite, roleAboveOwn } from './invitation.rules.js';
import { acceptanceLink, newInvitationToken } from './invitation-token.js';

/** Invitations of single people: what those who may invite do with them, in the request's transaction. */
@Injectable()
export class InvitationService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'tenancy'>,
    private readonly invitations: InvitationRepository,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Invites a person for 24 hours. No seat is taken before they accept.
   * @throws ApiError INSUFFICIENT_PERMISSIONS for a role above the own one, USER_EXISTS, INVITE_EXISTS.
   */
  async invite(actor: Principal, wanted: CreateInvitationDto): Promise<SentInvitationResponse> {
    assertMayInvite(actor, wanted.role);
    const [result] = await this.write(actor, [wanted]);
    if (result?.sent !== undefined) return result.sent;
    throw new ApiError(result?.code ?? 'INTERNAL_ERROR');
  }

  /**
   * Invites several people. Each stands alone: those who can be invited are, and for each of the others the answer says
   * why not. All that are written are written together or, if the request fails, not at all.
   */
  async inviteAll(
    actor: Principal,
    wanted: readonly CreateInvitationDto[],
  ): Promise<InvitationResultResponse[]> {
    const allowed = wanted.filter(({ role }) => mayInvite(actor, role));
    const written = (await this.write(actor, allowed)).values();
    return wanted.map(({ email, role }) => {
      const result = mayInvite(actor, role) ? written.next().value : undefined;
      return result ?? toRefusal(email, 'INSUFFICIENT_PERMISSIONS');
    });
  }

  /** One page, newest first. */
  async list(actor: Principal, query: ListInvitationsQuery): Promise<InvitationPageResponse> {
    const { limit, cursor, status } = query;
    const list = { list: 'invitations', status };
    const before = cursor === undefined ? null : decodePageCursor(actor.tenantId, cursor, list);
    const found = await this.invitations.listBefore(before, status ?? null, limit + 1);
    return toPage(actor.tenantId, found, limit, list);
  }

  /** @throws ApiError NOT_FOUND. */
  async find(id: string): Promise<InvitationResponse> {
    const invitation = await this.invitations.findById(id);
    if (invitation === null) throw new ApiError('NOT_FOUND');
    return invitation;
  }

  /**
   * Sends an invitation again, with a new token and 24 hours from now; the token before is dead. Whoever sends it again
   * vouches for it from now on.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS; INVALID_INVITE for one that was accepted or revoked;
   *   USER_EXISTS; INVITE_EXISTS when a newer one for the address is open.
   */
  async resend(actor: Principal, id: string): Promise<SentInvitationResponse> {
    const { status } = await this.findForChange(id);
    if (status === 'accepted' || status === 'revoked') throw new ApiError('INVALID_INVITE');
    const { token, tokenHash } = newInvitationToken('person');
    const invitation = await this.invitations.renew(id, tokenHash, actor.userId);
    if (invitation === null) throw new ApiError('USER_EXISTS');
    await this.record('invitation.resent', invitation);
    return this.sent(actor, invitation, token);
  }

  /**
   * Takes an invitation back; again for one that was taken back already changes nothing.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS; INVALID_INVITE for one that was accepted.
   */
  async revoke(id: string): Promise<InvitationResponse> {
    const invitation = await this.findForChange(id);
    if (invitation.status === 'accepted') throw new ApiError('INVALID_INVITE');
    if (invitation.status === 'revoked') return invitation;
    await this.invitations.revoke(id);
    await this.record('invitation.revoked', invitation);
    return this.find(id);
  }

  private async findForChange(id: string): Promise<InvitationResponse> {
    await this.find(id);
    const invitation = await this.invitations.findForUpdate(id);
    if (invitation === null) throw roleAboveOwn();
    return invitation;
  }

  private async write(
    actor: Principal,
    wanted: readonly CreateInvitationDto[],
  ): Promise<InvitationResultResponse[]> {
    if (wanted.length === 0) return [];
    const tokens: string[] = [];
    const rows = wanted.map(({ email, role }): NewInvitation => {
      const { token, tokenHash } = newInvitationToken('person');
      tokens.push(token);
      return { id: uuidv7(), email, role, tokenHash };
    });
    const written = await this.invitations.insert(actor.tenantId, actor.userId, rows);
    const results: InvitationResultResponse[] = [];
    for (const [index, outcome] of written.entries()) {
      if ('refusal' in outcome) {
        results.push(toRefusal(outcome.email, outcome.refusal));
        continue;
      }
      const { email, invitation } = outcome;
      await this.record('invitation.created', invitation);
      results.push({
        email,
        created: true,
        sent: this.sent(actor, invitation, tokens[index] ?? ''),
      });
    }
    return results;
  }

  private sent(
    { tenant }: Principal,
    invitation: InvitationResponse,
    token: string,
  ): SentInvitationResponse {
    const { baseDomain } = this.config.tenancy;
    return { invitation, token, link: acceptanceLink(tenant.subdomain, baseDomain, token) };
  }

  private record(type: SecurityEventType, { id, email, role }: InvitationResponse): Promise<void> {
    const target = { type: 'invitation', id };
    return this.events.record({ type, result: 'success', target, details: { email, role } });
  }
}
