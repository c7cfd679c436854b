import { ApiError, type SecurityEventType } from '@poc-tracker/contracts';
import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, type PageQuery, toPage } from '@poc-tracker/http-service';
import { Injectable } from '@nestjs/common';
import { SecurityEvents } from '../../../audit/security-events.js';
import { PublicAddress } from '../../../config/public-address.js';
import { assertMayAssignRole } from '../../../user/role.rules.js';
import { ACCEPTANCE_PAGE } from '../invitation.service.js';
import { newInvitationToken } from '../invitation-token.js';
import type { CreateInvitationLinkDto } from './invitation-link.dto.js';
import { InvitationLinkRepository } from './invitation-link.repository.js';
import type {
  InvitationLinkPageResponse,
  InvitationLinkResponse,
  InvitationLinkUsePageResponse,
  SentInvitationLinkResponse,
} from './invitation-link.response.js';

/** Invitation links, each for as many users as its quota. */
@Injectable()
export class InvitationLinkService {
  constructor(
    private readonly address: PublicAddress,
    private readonly links: InvitationLinkRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** @throws ApiError INSUFFICIENT_PERMISSIONS for a role above the inviter's. */
  async create(
    principal: Principal,
    input: CreateInvitationLinkDto,
  ): Promise<SentInvitationLinkResponse> {
    assertMayAssignRole(principal, input.role);
    const { tenantId, userId, tenant } = principal;
    const { token, tokenHash } = newInvitationToken('link');
    const invitationLink = await this.links.insert(tenantId, userId, tokenHash, input);
    if (invitationLink === null) throw new Error('The invitation link was not inserted.');
    await this.record('invitation.created', invitationLink);
    const link = this.address.linkTo(tenant, ACCEPTANCE_PAGE, token);
    return { invitationLink, token, link };
  }

  /** One page, newest first. */
  async list(
    principal: Principal,
    { limit, cursor }: PageQuery,
  ): Promise<InvitationLinkPageResponse> {
    const { tenantId } = principal;
    const list = { list: 'invitation_links' };
    const before = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    return toPage(tenantId, await this.links.listBefore(before, limit + 1), limit, list);
  }

  /** @throws ApiError NOT_FOUND. */
  async get(id: string): Promise<InvitationLinkResponse> {
    const link = await this.links.findById(id);
    if (link === null) throw new ApiError('NOT_FOUND');
    return link;
  }

  /** One page of the uses of a link, newest first. @throws ApiError NOT_FOUND. */
  async listUses(
    principal: Principal,
    id: string,
    { limit, cursor }: PageQuery,
  ): Promise<InvitationLinkUsePageResponse> {
    const { tenantId } = principal;
    await this.get(id);
    const list = { list: 'invitation_link_uses', link: id };
    const before = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    return toPage(tenantId, await this.links.listUsesBefore(id, before, limit + 1), limit, list);
  }

  /**
   * Revokes a link. Users who registered with it stay. To revoke it twice is no error.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS.
   */
  async revoke(principal: Principal, id: string): Promise<InvitationLinkResponse> {
    assertMayAssignRole(principal, (await this.get(id)).role);
    const revoked = await this.links.revoke(id);
    const link = await this.get(id);
    if (revoked) await this.record('invitation.revoked', link);
    return link;
  }

  private record(
    type: SecurityEventType,
    { id, role, quota, allowedDomains }: InvitationLinkResponse,
  ): Promise<void> {
    const target = { type: 'invitation_link', id };
    const details = { role, quota, allowedDomains };
    return this.events.record({ type, result: 'success', target, details });
  }
}
