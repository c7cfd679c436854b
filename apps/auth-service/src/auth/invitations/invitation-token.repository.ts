import type { Role } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** What stands behind a token: an invitation has an address, a link has domains. */
export interface StandingInvitation {
  email: string | null;
  role: Role;
  expiresAt: Date;
  allowedDomains: string[] | null;
}

export interface AcceptedInvitation {
  id: string;
  role: Role;
}

/** Questions about tokens, by their hash, from people who have no rights yet: definer functions answer them. */
@Injectable()
export class InvitationTokenRepository {
  constructor(private readonly database: TenantDatabase) {}

  async inspect(tokenHash: Buffer): Promise<StandingInvitation | null> {
    const [found] = await this.database.query<StandingInvitation>(
      `SELECT email, role, expires_at AS "expiresAt", allowed_domains AS "allowedDomains" FROM inspect_invitation($1)`,
      [tokenHash],
    );
    return found ?? null;
  }

  /** In one statement, so that of many acceptances at once one gets it. */
  async acceptInvite(
    tokenHash: Buffer,
    email: string,
    userId: string,
  ): Promise<AcceptedInvitation | null> {
    const [accepted] = await this.database.query<AcceptedInvitation>(
      'SELECT id, role FROM accept_invite($1, $2, $3)',
      [tokenHash, email, userId],
    );
    return accepted ?? null;
  }

  /** In one statement, so that of many acceptances at once as many get it as there are uses left. */
  async acceptInviteLink(
    tokenHash: Buffer,
    email: string,
    userId: string,
  ): Promise<AcceptedInvitation | null> {
    const [accepted] = await this.database.query<AcceptedInvitation>(
      'SELECT id, role FROM accept_invite_link($1, $2, $3)',
      [tokenHash, email, userId],
    );
    return accepted ?? null;
  }
}
