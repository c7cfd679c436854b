import { Injectable } from '@nestjs/common';
import type { AuthenticationMethod } from '@poc-tracker/contracts';
import { CURRENT_TENANT, TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';

/** Wrong codes that one challenge takes. They count for the lock of the account as well. */
const MAX_TRIES = 5;

/** A log-in whose first factor was proved. */
export interface LoginChallenge {
  id: string;
  amr: AuthenticationMethod[];
  /** The name that the app gave to the device. */
  deviceId: string | null;
  revokesOthers: boolean;
}

/* Expired ones of the user go with the next one. */
const INSERT_CHALLENGE = `
  WITH expired AS (
    DELETE FROM login_challenges WHERE user_id = $2 AND expires_at <= clock_timestamp())
  INSERT INTO login_challenges (tenant_id, id, user_id, amr, device_id, revokes_others)
  VALUES (${CURRENT_TENANT}, $1, $2, $3, $4, $5)`;

const TRY_CHALLENGE = `
  UPDATE login_challenges SET tries = tries + 1
   WHERE id = $1 AND user_id = $2 AND expires_at > clock_timestamp() AND tries < ${MAX_TRIES}
  RETURNING id, amr, device_id AS "deviceId", revokes_others AS "revokesOthers"`;

/* Of all challenges of the user, so that another log-in does not send another mail. */
const CLAIM_MAIL = `
  UPDATE login_challenges SET mailed_at = clock_timestamp()
   WHERE id = $1 AND user_id = $2 AND expires_at > clock_timestamp() AND tries < ${MAX_TRIES}
     AND NOT EXISTS (SELECT FROM login_challenges other
                      WHERE other.user_id = $2 AND other.mailed_at > clock_timestamp() - interval '1 minute')
  RETURNING id`;

const REMEMBER = `
  WITH replaced AS (
    DELETE FROM remembered_devices
     WHERE user_id = $1 AND (expires_at <= clock_timestamp() OR device_id = $2))
  INSERT INTO remembered_devices (tenant_id, user_id, device_id) VALUES (${CURRENT_TENANT}, $1, $2)`;

/** Challenges and remembered devices of the current transaction's user. */
@Injectable()
export class SecondFactorRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** @returns the id of the challenge. */
  async insertChallenge(
    userId: string,
    { amr, deviceId, revokesOthers }: Omit<LoginChallenge, 'id'>,
  ): Promise<string> {
    const id = uuidv7();
    await this.database.query(INSERT_CHALLENGE, [id, userId, amr, deviceId, revokesOthers]);
    return id;
  }

  /** Counts a try. @returns null for a challenge that is unknown, used or expired, or has been tried too often. */
  async tryChallenge(userId: string, id: string): Promise<LoginChallenge | null> {
    const [challenge] = await this.database.query<LoginChallenge>(TRY_CHALLENGE, [id, userId]);
    return challenge ?? null;
  }

  /** Whether the challenge can still be answered. Makes parallel requests of the user wait until the transaction ends. */
  async lockChallenge(userId: string, id: string): Promise<boolean> {
    await this.database.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
    const found = await this.database.query(
      'SELECT id FROM login_challenges WHERE id = $1 AND user_id = $2 AND expires_at > clock_timestamp()',
      [id, userId],
    );
    return found.length > 0;
  }

  /** @returns false if a mail was sent to the user less than a minute ago. Call it after `lockChallenge`. */
  async claimMail(userId: string, id: string): Promise<boolean> {
    return (await this.database.query(CLAIM_MAIL, [id, userId])).length > 0;
  }

  /** Uses a challenge up. A parallel call waits until this transaction ends. @returns whether it was still there. */
  async spendChallenge(id: string): Promise<boolean> {
    const spent = await this.database.query(
      'DELETE FROM login_challenges WHERE id = $1 AND expires_at > clock_timestamp() RETURNING id',
      [id],
    );
    return spent.length > 0;
  }

  async rememberDevice(userId: string, deviceId: string): Promise<void> {
    await this.database.query(REMEMBER, [userId, deviceId]);
  }

  async isRemembered(userId: string, deviceId: string): Promise<boolean> {
    const [row] = await this.database.query<{ remembered: boolean }>(
      `SELECT EXISTS (SELECT FROM remembered_devices
         WHERE user_id = $1 AND device_id = $2 AND expires_at > clock_timestamp()) AS remembered`,
      [userId, deviceId],
    );
    return row?.remembered === true;
  }
}
