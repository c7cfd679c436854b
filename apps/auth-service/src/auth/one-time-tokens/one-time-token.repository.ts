import { Injectable } from '@nestjs/common';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import {
  type CodePurpose,
  LIFETIME_SECONDS,
  type LinkPurpose,
  type TokenPurpose,
} from './one-time-token.js';

/** A token that can be used. */
export interface UsableToken {
  userId: string;
  /** The address that the token was sent to or, of an undo, the address that it restores. */
  email: string;
}

/** A token that has just been used. */
export type UsedToken = UsableToken & { id: string };

/** Tokens by their hashes, through SECURITY DEFINER functions: the service's login cannot read the table. */
@Injectable()
export class OneTimeTokenRepository {
  constructor(private readonly database: TenantDatabase) {}

  /**
   * Stores a token in place of the earlier ones of its purpose.
   * @param transaction of the user, or of one who manages them
   * @returns when it expires; null if the transaction may not create a token of this user.
   */
  async create(
    transaction: SqlRunner,
    user: { id: string; email: string },
    purpose: TokenPurpose,
    tokenHash: Buffer,
  ): Promise<Date | null> {
    const [created] = await transaction.query<{ expiresAt: Date | null }>(
      `SELECT create_one_time_token($1, $2, $3, $4, $5 * interval '1 second') AS "expiresAt"`,
      [user.id, purpose, tokenHash, user.email, LIFETIME_SECONDS[purpose]],
    );
    return created?.expiresAt ?? null;
  }

  /** Does not use it up. */
  async find(purpose: LinkPurpose, tokenHash: Buffer): Promise<UsableToken | null> {
    const [found] = await this.database.query<UsableToken>(
      'SELECT user_id AS "userId", email FROM find_one_time_token($1, $2)',
      [purpose, tokenHash],
    );
    return found ?? null;
  }

  /** In one statement, so that only one of several concurrent requests succeeds. */
  async consume(purpose: LinkPurpose, tokenHash: Buffer): Promise<UsedToken | null> {
    const [consumed] = await this.database.query<UsedToken>(
      'SELECT id, user_id AS "userId", email FROM consume_one_time_token($1, $2)',
      [purpose, tokenHash],
    );
    return consumed ?? null;
  }

  /** Uses up the current user's code if it is right; counts the failure if not. */
  async tryCode(purpose: CodePurpose, codeHash: Buffer): Promise<boolean> {
    const [tried] = await this.database.query<{ isRight: boolean }>(
      'SELECT try_one_time_code($1, $2) AS "isRight"',
      [purpose, codeHash],
    );
    return tried?.isRight === true;
  }

  /** Deletes the tokens of the current user, except undos that were sent before this one. */
  async discardSince(undoId: string): Promise<void> {
    await this.database.query('SELECT discard_one_time_tokens($1)', [undoId]);
  }
}
