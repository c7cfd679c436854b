import type { Role } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** The invitation of a token: one for a user has an email address, a link has domains. */
export interface OpenInvitation {
  email: string | null;
  role: Role;
  expiresAt: Date;
  allowedDomains: string[] | null;
}

export interface AcceptedInvitation {
  id: string;
  role: Role;
  /** The address of the invitation; for a link, the given one. */
  email: string;
}

/** Look-ups by the hash of a token, for callers without rights, by SECURITY DEFINER functions. */
@Injectable()
export class InvitationTokenRepository {
  constructor(private readonly database: TenantDatabase) {}

  async inspect(tokenHash: Buffer): Promise<OpenInvitation | null> {
    const [found] = await this.database.query<OpenInvitation>(
      `SELECT email, role, expires_at AS "expiresAt", allowed_domains AS "allowedDomains" FROM inspect_invitation($1)`,
      [tokenHash],
    );
    return found ?? null;
  }

  /** In one statement, so that only one of several concurrent requests succeeds. */
  async acceptInvite(
    tokenHash: Buffer,
    email: string,
    userId: string,
  ): Promise<AcceptedInvitation | null> {
    const [accepted] = await this.database.query<AcceptedInvitation>(
      'SELECT id, role, email FROM accept_invite($1, $2, $3)',
      [tokenHash, email, userId],
    );
    return accepted ?? null;
  }

  /** In one statement, so that concurrent requests never exceed the quota. */
  async acceptInviteLink(
    tokenHash: Buffer,
    email: string,
    userId: string,
  ): Promise<AcceptedInvitation | null> {
    const [accepted] = await this.database.query<AcceptedInvitation>(
      'SELECT id, role, $2::text AS email FROM accept_invite_link($1, $2, $3)',
      [tokenHash, email, userId],
    );
    return accepted ?? null;
  }
}
