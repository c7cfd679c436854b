import { ApiError, type SecurityEventType } from '@poc-tracker/contracts';
import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, toPage } from '@poc-tracker/http-service';
import { Injectable } from '@nestjs/common';
import { TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PublicAddress } from '../../config/public-address.js';
import { MailOutbox } from '../../mail/outbox/mail-outbox.js';
import { assertMayAssignRole, mayAssignRole } from '../../user/role.rules.js';
import { UserService } from '../../user/user.service.js';
import type { CreateInvitationDto, ListInvitationsQuery } from './invitation.dto.js';
import { InvitationRepository, type NewInvitation } from './invitation.repository.js';
import {
  type InvitationPageResponse,
  type InvitationResponse,
  type InvitationResultResponse,
  type SentInvitationResponse,
  toRefusal,
} from './invitation.response.js';
import { newInvitationToken } from './invitation-token.js';

/** The page that accepts an invitation. */
export const ACCEPTANCE_PAGE = 'accept-invitation';

/** Invitations for one user each, in the transaction of the request. */
@Injectable()
export class InvitationService {
  constructor(
    private readonly address: PublicAddress,
    private readonly invitations: InvitationRepository,
    private readonly users: UserService,
    private readonly outbox: MailOutbox,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Creates an invitation that expires after 24 hours. It takes no seat until it is accepted.
   * @throws ApiError INSUFFICIENT_PERMISSIONS for a role above the inviter's, USER_EXISTS, INVITE_EXISTS.
   */
  async create(principal: Principal, wanted: CreateInvitationDto): Promise<SentInvitationResponse> {
    assertMayAssignRole(principal, wanted.role);
    const [result] = await this.insert(principal, [wanted]);
    if (result?.sent !== undefined) return result.sent;
    throw new ApiError(result?.code ?? 'INTERNAL_ERROR');
  }

  /**
   * Creates several invitations. Each has its own result: the invitation, or why it was not created. If the request fails,
   * none is created.
   */
  async createAll(
    principal: Principal,
    wanted: readonly CreateInvitationDto[],
  ): Promise<InvitationResultResponse[]> {
    const allowed = wanted.filter(({ role }) => mayAssignRole(principal, role));
    const written = (await this.insert(principal, allowed)).values();
    return wanted.map(({ email, role }) => {
      const result = mayAssignRole(principal, role) ? written.next().value : undefined;
      return result ?? toRefusal(email, 'INSUFFICIENT_PERMISSIONS');
    });
  }

  /** One page, newest first. */
  async list(principal: Principal, query: ListInvitationsQuery): Promise<InvitationPageResponse> {
    const { limit, cursor, status } = query;
    const list = { list: 'invitations', status };
    const before = cursor === undefined ? null : decodePageCursor(principal.tenantId, cursor, list);
    const found = await this.invitations.listBefore(before, status ?? null, limit + 1);
    return toPage(principal.tenantId, found, limit, list);
  }

  /** @throws ApiError NOT_FOUND. */
  async get(id: string): Promise<InvitationResponse> {
    const invitation = await this.invitations.findById(id);
    if (invitation === null) throw new ApiError('NOT_FOUND');
    return invitation;
  }

  /**
   * Replaces the token of an invitation and extends it by 24 hours. The caller becomes its sender.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS; INVALID_INVITE if it was accepted or revoked; USER_EXISTS;
   *   INVITE_EXISTS if a newer one for the address is open.
   */
  async resend(principal: Principal, id: string): Promise<SentInvitationResponse> {
    const { status } = await this.findForChange(principal, id);
    if (status === 'accepted' || status === 'revoked') throw new ApiError('INVALID_INVITE');
    const { token, tokenHash } = newInvitationToken('user');
    const invitation = await this.invitations.renew(id, tokenHash, principal.userId);
    if (invitation === null) throw new ApiError('USER_EXISTS');
    await this.record('invitation.resent', invitation);
    return this.send(principal, invitation, token);
  }

  /**
   * Revokes an invitation. To revoke it twice is no error.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS; INVALID_INVITE if it was accepted.
   */
  async revoke(principal: Principal, id: string): Promise<InvitationResponse> {
    const invitation = await this.findForChange(principal, id);
    if (invitation.status === 'accepted') throw new ApiError('INVALID_INVITE');
    if (invitation.status === 'revoked') return invitation;
    await this.invitations.revoke(id);
    await this.record('invitation.revoked', invitation);
    return this.get(id);
  }

  private async findForChange(principal: Principal, id: string): Promise<InvitationResponse> {
    assertMayAssignRole(principal, (await this.get(id)).role);
    const invitation = await this.invitations.findForUpdate(id);
    if (invitation === null) throw new ApiError('NOT_FOUND');
    return invitation;
  }

  private async insert(
    principal: Principal,
    wanted: readonly CreateInvitationDto[],
  ): Promise<InvitationResultResponse[]> {
    if (wanted.length === 0) return [];
    const tokens: string[] = [];
    const rows = wanted.map(({ email, role }): NewInvitation => {
      const { token, tokenHash } = newInvitationToken('user');
      tokens.push(token);
      return { id: uuidv7(), email, role, tokenHash };
    });
    const written = await this.invitations.insert(principal.tenantId, principal.userId, rows);
    const results: InvitationResultResponse[] = [];
    for (const [index, outcome] of written.entries()) {
      if ('refusal' in outcome) {
        results.push(toRefusal(outcome.email, outcome.refusal));
        continue;
      }
      const { email, invitation } = outcome;
      await this.record('invitation.created', invitation);
      const sent = await this.send(principal, invitation, tokens[index] ?? '');
      results.push({ email, created: true, sent });
    }
    return results;
  }

  /** Mails the link, in the transaction of the invitation, and returns it to the sender as well. */
  private async send(
    { tenant, userId }: Principal,
    invitation: InvitationResponse,
    token: string,
  ): Promise<SentInvitationResponse> {
    const link = this.address.linkTo(tenant, ACCEPTANCE_PAGE, token);
    const { email, role, expiresAt } = invitation;
    const { firstName, lastName, email: address, locale, timezone } = await this.users.get(userId);
    const inviter = [firstName, lastName].filter(Boolean).join(' ') || address;
    await this.outbox.add(this.database, {
      tenantId: tenant.id,
      userId: null,
      // The language and the zone of the sender: those of the invited user are not known.
      to: { email, locale, timezone, name: null },
      kind: 'invitation',
      values: { link, inviter, role, expiresAt },
    });
    return { invitation, token, link };
  }

  private record(type: SecurityEventType, { id, email, role }: InvitationResponse): Promise<void> {
    const target = { type: 'invitation', id };
    return this.events.record({ type, result: 'success', target, details: { email, role } });
  }
}
