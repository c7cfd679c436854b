import { ApiError, type SecurityEventType } from '@poc-tracker/contracts';
import type { Principal } from '@poc-tracker/auth-kit';
import { decodePageCursor, type PageQuery, toPage } from '@poc-tracker/http-service';
import { Inject, Injectable } from '@nestjs/common';
import { SecurityEvents } from '../../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../../config/app-config.js';
import { assertMayInvite } from '../invitation.rules.js';
import { acceptanceLink, newInvitationToken } from '../invitation-token.js';
import type { CreateInvitationLinkDto } from './invitation-link.dto.js';
import { InvitationLinkRepository } from './invitation-link.repository.js';
import type {
  InvitationLinkPageResponse,
  InvitationLinkResponse,
  InvitationLinkUsePageResponse,
  SentInvitationLinkResponse,
} from './invitation-link.response.js';

/** Links that as many people may join by as their quota says: what those who may invite do with them. */
@Injectable()
export class InvitationLinkService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'tenancy'>,
    private readonly links: InvitationLinkRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** @throws ApiError INSUFFICIENT_PERMISSIONS for a role above the own one. */
  async create(
    actor: Principal,
    input: CreateInvitationLinkDto,
  ): Promise<SentInvitationLinkResponse> {
    assertMayInvite(actor, input.role);
    const { tenantId, userId, tenant } = actor;
    const { token, tokenHash } = newInvitationToken('link');
    const invitationLink = await this.links.insert(tenantId, userId, tokenHash, input);
    if (invitationLink === null) throw new Error('The link was not kept.');
    await this.record('invitation.created', invitationLink);
    const link = acceptanceLink(tenant.subdomain, this.config.tenancy.baseDomain, token);
    return { invitationLink, token, link };
  }

  /** One page, newest first. */
  async list(actor: Principal, { limit, cursor }: PageQuery): Promise<InvitationLinkPageResponse> {
    const { tenantId } = actor;
    const list = { list: 'invitation_links' };
    const before = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    return toPage(tenantId, await this.links.listBefore(before, limit + 1), limit, list);
  }

  /** @throws ApiError NOT_FOUND. */
  async find(id: string): Promise<InvitationLinkResponse> {
    const link = await this.links.findById(id);
    if (link === null) throw new ApiError('NOT_FOUND');
    return link;
  }

  /** One page of those who joined by a link, latest first. @throws ApiError NOT_FOUND. */
  async listUses(
    actor: Principal,
    id: string,
    { limit, cursor }: PageQuery,
  ): Promise<InvitationLinkUsePageResponse> {
    const { tenantId } = actor;
    await this.find(id);
    const list = { list: 'invitation_link_uses', link: id };
    const before = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    return toPage(tenantId, await this.links.listUsesBefore(id, before, limit + 1), limit, list);
  }

  /**
   * Ends a link. Who joined by it stays; again for one that was ended already changes nothing.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS.
   */
  async revoke(actor: Principal, id: string): Promise<InvitationLinkResponse> {
    assertMayInvite(actor, (await this.find(id)).role);
    const revoked = await this.links.revoke(id);
    const link = await this.find(id);
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
