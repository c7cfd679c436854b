import { MAX_UUID, type Role } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { InvitationStatus } from './invitation.dto.js';
import type { InvitationResponse } from './invitation.response.js';

/** An invitation to insert. */
export interface NewInvitation {
  id: string;
  email: string;
  role: Role;
  tokenHash: Buffer;
}

/** The result of one insert. */
export type WrittenInvitation = { email: string } & (
  { invitation: InvitationResponse } | { refusal: 'USER_EXISTS' | 'INVITE_EXISTS' }
);

/** By the database's clock, like every other check of an invitation's expiry. */
const STATUS = `
  CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted'
       WHEN i.revoked_at IS NOT NULL THEN 'revoked'
       WHEN i.superseded_at IS NOT NULL OR i.expires_at <= now() THEN 'expired'
       ELSE 'pending' END` as const;

const INVITATION = `
  i.id, i.email, i.role, ${STATUS} AS status, i.invited_by AS "invitedBy", i.sent_count AS "sentCount",
  i.created_at AS "createdAt", i.last_sent_at AS "lastSentAt", i.expires_at AS "expiresAt",
  i.accepted_at AS "acceptedAt", i.accepted_by AS "acceptedBy", i.revoked_at AS "revokedAt"` as const;

const OPEN = 'accepted_at IS NULL AND revoked_at IS NULL AND superseded_at IS NULL' as const;

/*
 * One statement for any number of invitations, in the order of the addresses, so that two requests with the same addresses
 * wait for each other instead of causing a deadlock. Addresses with an open invitation are skipped.
 */
const INSERT = `
  WITH wanted AS (
    SELECT * FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[]) WITH ORDINALITY
      AS w (id, email, role, token_hash, position)
  ), written AS (
    INSERT INTO invites AS i (tenant_id, id, email, role, token_hash, invited_by)
    SELECT $1, w.id, w.email, w.role, w.token_hash, $2 FROM wanted w
     WHERE NOT EXISTS (SELECT FROM find_credentials(w.email))
     ORDER BY email_key(w.email), w.position
    ON CONFLICT (tenant_id, email_key) WHERE ${OPEN} DO NOTHING
    RETURNING ${INVITATION}
  )
  SELECT w.email AS wanted, EXISTS (SELECT FROM find_credentials(w.email)) AS known, i.*
    FROM wanted w LEFT JOIN written i ON i.id = w.id
   ORDER BY w.position` as const;

/** Invitations of the current transaction's tenant, as far as the policies let the current user see and change them. */
@Injectable()
export class InvitationRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Inserts invitations whose address has neither a user nor an open invitation. Returns the results in order. */
  async insert(
    tenantId: string,
    invitedBy: string,
    invitations: readonly NewInvitation[],
  ): Promise<WrittenInvitation[]> {
    // A new invitation may replace an expired one, which stays in the list as expired.
    await this.database.query('SELECT supersede_expired_invites($1)', [
      invitations.map(({ email }) => email),
    ]);
    const rows = await this.database.query<
      InvitationResponse & { id: string | null; wanted: string; known: boolean }
    >(INSERT, [
      tenantId,
      invitedBy,
      invitations.map(({ id }) => id),
      invitations.map(({ email }) => email),
      invitations.map(({ role }) => role),
      invitations.map(({ tokenHash }) => tokenHash),
    ]);
    return rows.map(({ wanted: email, known, ...invitation }) => {
      if (invitation.id !== null) return { email, invitation };
      return { email, refusal: known ? 'USER_EXISTS' : 'INVITE_EXISTS' };
    });
  }

  /** Newest first, before the given one. */
  async listBefore(
    id: string | null,
    status: InvitationStatus | null,
    limit: number,
  ): Promise<InvitationResponse[]> {
    return this.database.query<InvitationResponse>(
      `SELECT ${INVITATION} FROM invites i
        WHERE i.id < coalesce($1::uuid, '${MAX_UUID}')
          AND ($2::text IS NULL OR $2 = ${STATUS})
        ORDER BY i.id DESC LIMIT $3`,
      [id, status, limit],
    );
  }

  async findById(id: string): Promise<InvitationResponse | null> {
    const [invitation] = await this.database.query<InvitationResponse>(
      `SELECT ${INVITATION} FROM invites i WHERE i.id = $1`,
      [id],
    );
    return invitation ?? null;
  }

  /** Locks the invitation until the transaction ends. Null also if the current user may see but not change it. */
  async findForUpdate(id: string): Promise<InvitationResponse | null> {
    const [invitation] = await this.database.query<InvitationResponse>(
      `SELECT ${INVITATION} FROM invites i WHERE i.id = $1 FOR NO KEY UPDATE`,
      [id],
    );
    return invitation ?? null;
  }

  /**
   * Replaces the token of an invitation and extends it by 24 hours. The previous token becomes invalid.
   * Null if a user with its address exists by now.
   * @throws a unique violation if the address has another open invitation (INVITE_EXISTS).
   */
  async renew(id: string, tokenHash: Buffer, sender: string): Promise<InvitationResponse | null> {
    const [invitation] = await this.database.query<InvitationResponse>(
      `UPDATE invites i
          SET token_hash = $2, invited_by = $3, expires_at = now() + interval '24 hours', superseded_at = NULL,
              sent_count = i.sent_count + 1, last_sent_at = now()
        WHERE i.id = $1 AND NOT EXISTS (SELECT FROM find_credentials(i.email))
       RETURNING ${INVITATION}`,
      [id, tokenHash, sender],
    );
    return invitation ?? null;
  }

  async revoke(id: string): Promise<void> {
    await this.database.query('UPDATE invites SET revoked_at = now() WHERE id = $1', [id]);
  }
}
