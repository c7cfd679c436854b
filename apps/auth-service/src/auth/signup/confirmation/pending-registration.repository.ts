import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { PresentedInvitation } from '../../invitations/invitation-token.js';

/** What a user has stated, until the address is proved. */
export interface PendingRegistration {
  email: string;
  passwordHash: string;
  firstName: string;
  lastName: string;
  /** Null for a registration without an invitation. */
  invitation: PresentedInvitation | null;
}

type Row = Omit<PendingRegistration, 'invitation'> & {
  inviteKind: PresentedInvitation['kind'] | null;
  inviteTokenHash: Buffer | null;
};

/** Registrations by the hashes of their tokens, through SECURITY DEFINER functions: the service's login cannot read the table. */
@Injectable()
export class PendingRegistrationRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** @returns when the registration expires. */
  async add(tokenHash: Buffer, registration: PendingRegistration): Promise<Date> {
    const { email, passwordHash, firstName, lastName, invitation } = registration;
    const [added] = await this.database.query<{ expiresAt: Date }>(
      'SELECT add_pending_registration($1, $2, $3, $4, $5, $6, $7) AS "expiresAt"',
      [
        tokenHash,
        email,
        passwordHash,
        firstName,
        lastName,
        invitation?.kind ?? null,
        invitation?.tokenHash ?? null,
      ],
    );
    if (added === undefined) throw new Error('The insert returned no row.');
    return added.expiresAt;
  }

  /** Does not use it up. */
  async find(tokenHash: Buffer): Promise<PendingRegistration | null> {
    const [found] = await this.database.query<Row>(
      `SELECT email, password_hash AS "passwordHash", first_name AS "firstName", last_name AS "lastName",
              invite_kind AS "inviteKind", invite_token_hash AS "inviteTokenHash" FROM find_pending_registration($1)`,
      [tokenHash],
    );
    if (found === undefined) return null;
    const { inviteKind: kind, inviteTokenHash: hash, ...stated } = found;
    return {
      ...stated,
      invitation: kind === null || hash === null ? null : { kind, tokenHash: hash },
    };
  }

  /** Uses it up, with all others of its address. @returns false if it was used up or has expired. */
  async consume(tokenHash: Buffer): Promise<boolean> {
    const [row] = await this.database.query<{ consumed: boolean }>(
      'SELECT consume_pending_registration($1) AS consumed',
      [tokenHash],
    );
    return row?.consumed === true;
  }
}
