import { Injectable } from '@nestjs/common';
import type { FactorKind } from '@poc-tracker/contracts';
import { CURRENT_TENANT, type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';

/** What a user and the admins may see of a factor. */
export interface FactorRecord {
  id: string;
  kind: FactorKind;
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
}

interface Secrets {
  id: string;
  isConfirmed: boolean;
}

/** What a code is verified with. `lastStep` is the latest time step whose code was used. */
export interface TotpSecrets extends Secrets {
  kind: 'totp';
  secret: Buffer;
  lastStep: number | null;
}

/** What a passkey is verified with. */
export interface PasskeySecrets extends Secrets {
  kind: 'passkey';
  credentialId: Buffer;
  publicKey: Buffer;
  counter: number;
  transports: string[];
  rpId: string;
}

export type FactorSecrets = TotpSecrets | PasskeySecrets;

export interface NewPasskey extends Pick<
  PasskeySecrets,
  'id' | 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'rpId'
> {
  name: string;
}

const FACTOR = `f.id, f.kind, f.name, f.created_at AS "createdAt", f.last_used_at AS "lastUsedAt"`;

/** Also for the operators' login, hence the tenant. */
const LIST = `
  SELECT ${FACTOR} FROM user_factors f
   WHERE f.tenant_id = ${CURRENT_TENANT} AND f.user_id = $1 AND f.confirmed_at IS NOT NULL ORDER BY f.id`;

const REMOVE_ALL = `
  WITH codes AS (DELETE FROM recovery_codes c WHERE c.tenant_id = ${CURRENT_TENANT} AND c.user_id = $1)
  DELETE FROM user_factors f WHERE f.tenant_id = ${CURRENT_TENANT} AND f.user_id = $1
  RETURNING f.kind, f.confirmed_at IS NOT NULL AS "isConfirmed"`;

/** bigint columns fit into a number: a time step has 26 bits, a signature counter 32. */
const OWN_SECRETS = `
  SELECT id, kind, secret, last_step::float8 AS "lastStep", credential_id AS "credentialId", public_key AS "publicKey",
         counter::float8 AS counter, coalesce(transports, '{}') AS transports, rp_id AS "rpId", is_confirmed AS "isConfirmed"
    FROM own_factor_secrets()`;

/** The factors of the current transaction's user, and for admins those of the users they manage. */
@Injectable()
export class FactorRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** The confirmed factors of a user, oldest first. At most ten. */
  async list(userId: string): Promise<FactorRecord[]> {
    return this.database.query<FactorRecord>(LIST, [userId]);
  }

  /** Makes other changes of the user's factors wait until the transaction ends. Only for the current user. */
  async lockUser(userId: string): Promise<void> {
    await this.database.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
  }

  /** What the current user's factors are verified with, those included that are still to be confirmed. */
  async ownSecrets(): Promise<FactorSecrets[]> {
    return this.database.query<FactorSecrets>(OWN_SECRETS);
  }

  /** An authenticator app that is still to be confirmed. @throws the database's refusal (FACTOR_LIMIT_EXCEEDED). */
  async insertTotp(
    tenantId: string,
    userId: string,
    totp: { id: string; name: string; secret: Buffer },
  ): Promise<void> {
    await this.database.query(
      `INSERT INTO user_factors (tenant_id, id, user_id, kind, name, secret) VALUES ($1, $2, $3, 'totp', $4, $5)`,
      [tenantId, totp.id, userId, totp.name, totp.secret],
    );
  }

  /** @throws the database's refusal (FACTOR_LIMIT_EXCEEDED, FACTOR_EXISTS). */
  async insertPasskey(tenantId: string, userId: string, passkey: NewPasskey): Promise<void> {
    const { id, name, credentialId, publicKey, counter, transports, rpId } = passkey;
    await this.database.query(
      `INSERT INTO user_factors (tenant_id, id, user_id, kind, name, credential_id, public_key, counter, transports, rp_id,
                                 confirmed_at)
       VALUES ($1, $2, $3, 'passkey', $4, $5, $6, $7, $8, $9, now())`,
      [tenantId, id, userId, name, credentialId, publicKey, counter, transports, rpId],
    );
  }

  /** Confirms an authenticator app by its first code. @returns false if it is confirmed already. */
  async confirmTotp(id: string, step: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE user_factors SET confirmed_at = now(), last_step = $2 WHERE id = $1 AND confirmed_at IS NULL RETURNING id`,
      [id, step],
    );
    return rows.length === 1;
  }

  /** Uses the code of a time step. @returns false if it, or a later one, has been used meanwhile. */
  async useStep(id: string, step: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE user_factors SET last_step = $2, last_used_at = now()
        WHERE id = $1 AND confirmed_at IS NOT NULL AND (last_step IS NULL OR last_step < $2) RETURNING id`,
      [id, step],
    );
    return rows.length === 1;
  }

  /**
   * Stores the counter of a signature. Authenticators that do not count always send 0.
   * @returns false if the counter has not increased.
   */
  async useCounter(id: string, counter: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE user_factors SET counter = $2, last_used_at = now()
        WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) RETURNING id`,
      [id, counter],
    );
    return rows.length === 1;
  }

  /** The user of a passkey in the transaction's tenant. */
  async findPasskeyUser(credentialId: Buffer): Promise<string | undefined> {
    const [row] = await this.database.query<{ userId: string }>(
      'SELECT user_id AS "userId" FROM find_passkey_user($1)',
      [credentialId],
    );
    return row?.userId;
  }

  /** Marks a challenge as used. @returns false if it was used before. */
  async spendChallenge(hash: Buffer, expiresAt: Date): Promise<boolean> {
    const [row] = await this.database.query<{ spent: boolean }>(
      'SELECT spend_challenge($1, $2) AS spent',
      [hash, expiresAt],
    );
    return row?.spent === true;
  }

  /** Renames a factor of the current user. @returns false if they have no such factor. */
  async rename(userId: string, id: string, name: string): Promise<boolean> {
    const rows = await this.database.query(
      'UPDATE user_factors SET name = $3 WHERE id = $2 AND user_id = $1 AND confirmed_at IS NOT NULL RETURNING id',
      [userId, id, name],
    );
    return rows.length === 1;
  }

  async remove(userId: string, id: string): Promise<void> {
    await this.database.query('DELETE FROM user_factors WHERE id = $2 AND user_id = $1', [
      userId,
      id,
    ]);
  }

  /**
   * Removes all factors and recovery codes of a user.
   * @param transaction of the request or an operator's
   * @returns the kinds of the confirmed ones
   */
  async removeAll(transaction: SqlRunner, userId: string): Promise<FactorKind[]> {
    const removed = await transaction.query<{ kind: FactorKind; isConfirmed: boolean }>(
      REMOVE_ALL,
      [userId],
    );
    return removed.filter(({ isConfirmed }) => isConfirmed).map(({ kind }) => kind);
  }
}
