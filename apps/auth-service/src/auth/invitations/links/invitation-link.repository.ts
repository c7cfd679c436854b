import { Injectable } from '@nestjs/common';
import { MAX_UUID } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { CreateInvitationLinkDto } from './invitation-link.dto.js';
import type {
  InvitationLinkResponse,
  InvitationLinkUseResponse,
} from './invitation-link.response.js';

const LINK = `
  l.id, l.role, l.quota, l.used_count AS "usedCount", l.allowed_domains AS "allowedDomains",
  l.created_by AS "createdBy", l.created_at AS "createdAt", l.expires_at AS "expiresAt", l.revoked_at AS "revokedAt",
  CASE WHEN l.revoked_at IS NOT NULL THEN 'revoked'
       WHEN l.used_count >= l.quota THEN 'used_up'
       WHEN l.expires_at <= now() THEN 'expired'
       ELSE 'open' END AS status` as const;

/** Invitation links of the current transaction's tenant, as far as the policies let the current user see and change them. */
@Injectable()
export class InvitationLinkRepository {
  constructor(private readonly database: TenantDatabase) {}

  async insert(
    tenantId: string,
    createdBy: string,
    tokenHash: Buffer,
    { role, quota, allowedDomains, expiresInHours }: CreateInvitationLinkDto,
  ): Promise<InvitationLinkResponse | null> {
    const [link] = await this.database.query<InvitationLinkResponse>(
      `INSERT INTO invite_links AS l (tenant_id, created_by, token_hash, role, quota, allowed_domains, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(hours => $7)) RETURNING ${LINK}`,
      [tenantId, createdBy, tokenHash, role, quota, allowedDomains, expiresInHours],
    );
    return link ?? null;
  }

  /** Newest first, before the given one. */
  async listBefore(id: string | null, limit: number): Promise<InvitationLinkResponse[]> {
    return this.database.query<InvitationLinkResponse>(
      `SELECT ${LINK} FROM invite_links l WHERE l.id < coalesce($1::uuid, '${MAX_UUID}') ORDER BY l.id DESC LIMIT $2`,
      [id, limit],
    );
  }

  async findById(id: string): Promise<InvitationLinkResponse | null> {
    const [link] = await this.database.query<InvitationLinkResponse>(
      `SELECT ${LINK} FROM invite_links l WHERE l.id = $1`,
      [id],
    );
    return link ?? null;
  }

  /** False if it was revoked before, or if the current user may see but not change it. */
  async revoke(id: string): Promise<boolean> {
    const rows = await this.database.query(
      'UPDATE invite_links SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING id',
      [id],
    );
    return rows.length === 1;
  }

  /** The uses of a link, newest first, before the given one. */
  async listUsesBefore(
    linkId: string,
    id: string | null,
    limit: number,
  ): Promise<InvitationLinkUseResponse[]> {
    return this.database.query<InvitationLinkUseResponse>(
      `SELECT id, user_id AS "userId", used_at AS "usedAt" FROM invite_link_uses
        WHERE link_id = $1 AND id < coalesce($2::uuid, '${MAX_UUID}') ORDER BY id DESC LIMIT $3`,
      [linkId, id, limit],
    );
  }
}
