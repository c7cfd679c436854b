import { MAX_UUID, type Role } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { InvitationStatus } from './invitation.dto.js';
import type { InvitationResponse } from './invitation.response.js';

/** One that is to be written. */
export interface NewInvitation {
  id: string;
  email: string;
  role: Role;
  tokenHash: Buffer;
}

/** What became of it. */
export type WrittenInvitation = { email: string } & (
  { invitation: InvitationResponse } | { refusal: 'USER_EXISTS' | 'INVITE_EXISTS' }
);

/** By the database's clock, as is every other judgement of an invitation's end. */
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
 * One statement for any number. In the order of the addresses, so that two requests which invite the same people wait
 * for each other instead of locking each other out. Where an address is open already nothing is written for it.
 */
const INSERT = `
  WITH wanted AS (
    SELECT * FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[]) WITH ORDINALITY
      AS w (id, email, role, token_hash, position)
  ), written AS (
    INSERT INTO invites AS i (tenant_id, id, email, role, token_hash, invited_by)
    SELECT $1, w.id, w.email, w.role, w.token_hash, $2 FROM wanted w
     WHERE NOT EXISTS (SELECT FROM find_credentials(w.email))
     ORDER BY w.email, w.position
    ON CONFLICT (tenant_id, email) WHERE ${OPEN} DO NOTHING
    RETURNING ${INVITATION}
  )
  SELECT w.email AS wanted, EXISTS (SELECT FROM find_credentials(w.email)) AS known, i.*
    FROM wanted w LEFT JOIN written i ON i.id = w.id
   ORDER BY w.position` as const;

/** Invitations of the current transaction's tenant, as far as policies let whoever asks see and write them. */
@Injectable()
export class InvitationRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Writes those whose address is neither a person's nor invited already, and gives the results in order. */
  async insert(
    tenantId: string,
    invitedBy: string,
    invitations: readonly NewInvitation[],
  ): Promise<WrittenInvitation[]> {
    // An expired invitation makes room for a new one; it stays in the list as expired.
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

  /** Newest first, before the one given. */
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

  /** The same, locked until the transaction ends; null also for one that the caller may see but not change. */
  async findForUpdate(id: string): Promise<InvitationResponse | null> {
    const [invitation] = await this.database.query<InvitationResponse>(
      `SELECT ${INVITATION} FROM invites i WHERE i.id = $1 FOR NO KEY UPDATE`,
      [id],
    );
    return invitation ?? null;
  }

  /**
   * Gives an invitation another token and a new day to be accepted; the token before is worth nothing from then on.
   * Null when its address has become a person's.
   * @throws the database's refusal when the address has another open invitation (INVITE_EXISTS).
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
