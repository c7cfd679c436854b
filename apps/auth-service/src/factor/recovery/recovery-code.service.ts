import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { SecurityEvents } from '../../audit/security-events.js';
import { FactorRepository } from '../factor.repository.js';
import type { RecoveryCodesResponse } from '../factor.response.js';
import { RecoveryCodeRepository } from './recovery-code.repository.js';
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.js';

/** The recovery codes of a user, each of which replaces a factor once. */
@Injectable()
export class RecoveryCodeService {
  constructor(
    private readonly codes: RecoveryCodeRepository,
    private readonly factors: FactorRepository,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Replaces all codes by new ones, which are not shown again.
   * @throws ApiError NOT_FOUND if the user has no factor, which a code could replace.
   */
  async replace(principal: Principal): Promise<RecoveryCodesResponse> {
    await this.factors.lockUser(principal.userId);
    if ((await this.factors.list(principal.userId)).length === 0) throw new ApiError('NOT_FOUND');
    return { recoveryCodes: await this.create(principal) };
  }

  /** Creates the codes of a user who has confirmed a factor. Call it after `FactorRepository.lockUser`. */
  async create({ tenantId, userId }: Principal): Promise<string[]> {
    const codes = newRecoveryCodes();
    await this.codes.replaceAll(tenantId, userId, codes.map(hashOfRecoveryCode));
    const target = { type: 'user', id: userId };
    await this.events.record({ type: 'recovery_codes.created', result: 'success', target });
    return codes;
  }

  async countUnused(userId: string): Promise<number> {
    return this.codes.countUnused(userId);
  }

  /** Removes the codes of a user who has no factor left. */
  async removeAll(userId: string): Promise<void> {
    await this.codes.removeAll(userId);
  }

  /** Uses a code in the transaction of its user. @returns false if it is wrong or was used before. */
  async use(userId: string, code: string): Promise<boolean> {
    if (!(await this.codes.use(hashOfRecoveryCode(code)))) return false;
    await this.events.record({
      type: 'recovery_codes.used',
      result: 'success',
      target: { type: 'user', id: userId },
      details: { remaining: await this.codes.countUnused(userId) },
    });
    return true;
  }
}
