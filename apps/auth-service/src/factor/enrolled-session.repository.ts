import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import type { AuthenticationMethod, FactorKind } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** What the confirmation of a new factor proves in addition to the log-in. */
const PROVED_BY: Record<FactorKind, readonly AuthenticationMethod[]> = {
  totp: ['otp', 'mfa'],
  passkey: ['swk', 'mfa'],
};

/** The session in which a user enrolls a factor. */
@Injectable()
export class EnrolledSessionRepository {
  constructor(private readonly database: TenantDatabase) {}

  /**
   * Adds the new factor to what was proved in the session, so that its user can go on without another log-in. The time of the
   * proof stays: the enrollment needs a recent one.
   */
  async raise({ userId, sessionId }: Principal, kind: FactorKind): Promise<void> {
    await this.database.query(
      `UPDATE user_sessions SET amr = amr || ARRAY(SELECT unnest($3::text[]) EXCEPT SELECT unnest(amr))
        WHERE user_id = $1 AND id = $2 AND is_active`,
      [userId, sessionId, PROVED_BY[kind]],
    );
  }
}
