import { createHmac, type KeyObject } from 'node:crypto';
import { ApiError } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { contextWithoutRights, type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { deriveKey } from '../../config/derived-key.js';
import {
  type CodePurpose,
  hashOfOneTimeToken,
  type LinkPurpose,
  newOneTimeCode,
  newOneTimeToken,
} from './one-time-token.js';
import {
  OneTimeTokenRepository,
  type UsableToken,
  type UsedToken,
} from './one-time-token.repository.js';

const CODE_KEY_PURPOSE = 'poc-tracker one-time code v1';

/** The user of a token. `email` is what the token proves or restores. */
export interface TokenOwner {
  tenantId: string;
  id: string;
  email: string;
}

/**
 * Tokens and codes that are sent by mail and used once. A token that is expired, used, altered or cut off, or that belongs to
 * another tenant, is refused with one error, and changes nothing.
 */
@Injectable()
export class OneTimeTokenService {
  private readonly codeKey: KeyObject;

  constructor(
    @Inject(APP_CONFIG) { tokens }: Pick<AppConfig, 'tokens'>,
    private readonly repository: OneTimeTokenRepository,
    private readonly database: TenantDatabase,
  ) {
    this.codeKey = deriveKey(tokens.refreshSecret, CODE_KEY_PURPOSE);
  }

  /**
   * Creates a token, which invalidates the earlier ones of its purpose. Undos stay beside each other.
   * @param transaction of the user, or of one who manages them
   */
  async create(
    transaction: SqlRunner,
    owner: TokenOwner,
    purpose: LinkPurpose,
  ): Promise<{ token: string; expiresAt: Date }> {
    const { token, tokenHash } = newOneTimeToken();
    const expiresAt = await this.repository.create(transaction, owner, purpose, tokenHash);
    if (expiresAt === null) throw new Error('The user of the token was not found.');
    return { token, expiresAt };
  }

  /** The same for a code of six digits. */
  async createCode(
    transaction: SqlRunner,
    owner: TokenOwner,
    purpose: CodePurpose,
  ): Promise<{ code: string; expiresAt: Date }> {
    const code = newOneTimeCode();
    const hash = this.hashOfCode(owner, code);
    const expiresAt = await this.repository.create(transaction, owner, purpose, hash);
    if (expiresAt === null) throw new Error('The user of the code was not found.');
    return { code, expiresAt };
  }

  /**
   * The user of a token, which stays unused, in a transaction of its own.
   * @throws ApiError INVALID_LINK.
   */
  async find(tenantId: string, purpose: LinkPurpose, token: string): Promise<UsableToken> {
    const hash = this.hashOf(token);
    const found = await this.database.transaction(contextWithoutRights(tenantId), () =>
      this.repository.find(purpose, hash),
    );
    if (found === null) throw new ApiError('INVALID_LINK');
    return found;
  }

  /**
   * Uses up a token in the transaction of its user. It can be used again if the transaction is rolled back.
   * @throws ApiError INVALID_LINK.
   */
  async consume(purpose: LinkPurpose, token: string): Promise<UsedToken> {
    const consumed = await this.repository.consume(purpose, this.hashOf(token));
    if (consumed === null) throw new ApiError('INVALID_LINK');
    return consumed;
  }

  /**
   * Tries a code, in a transaction of its own, so that a failure is counted although the request is refused.
   * @returns false for a wrong, expired or used code, and after five failures.
   */
  async tryCode(
    owner: Pick<TokenOwner, 'tenantId' | 'id'>,
    purpose: CodePurpose,
    code: string,
  ): Promise<boolean> {
    const hash = this.hashOfCode(owner, code);
    const context = contextWithoutRights(owner.tenantId, owner.id);
    return this.database.transaction(context, () => this.repository.tryCode(purpose, hash));
  }

  /** Invalidates the tokens of the current user, except undos that were sent before this one. */
  async discardSince({ id }: UsedToken): Promise<void> {
    await this.repository.discardSince(id);
  }

  private hashOf(token: string): Buffer {
    const hash = hashOfOneTimeToken(token);
    if (hash === undefined) throw new ApiError('INVALID_LINK');
    return hash;
  }

  /** With a key: who reads the table would find a code by trying a million hashes. The user makes equal codes differ. */
  private hashOfCode({ tenantId, id }: Pick<TokenOwner, 'tenantId' | 'id'>, code: string): Buffer {
    return createHmac('sha256', this.codeKey).update(`${tenantId} ${id} ${code}`).digest();
  }
}
