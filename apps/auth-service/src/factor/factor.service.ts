import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import {
  ApiError,
  type FactorKind,
  type Role,
  type SecurityEventType,
} from '@poc-tracker/contracts';
import { SecurityEvents } from '../audit/security-events.js';
import { TenantService } from '../tenant/tenant.service.js';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { EnrolledSessionRepository } from './enrolled-session.repository.js';
import type { MailedUser } from '../user/user-mails.js';
import { FactorNotices } from './factor-notices.js';
import { type FactorRecord, FactorRepository } from './factor.repository.js';
import type { AddedFactorResponse, FactorPageResponse } from './factor.response.js';
import { RecoveryCodeService } from './recovery/recovery-code.service.js';

/** The factors of users. */
@Injectable()
export class FactorService {
  constructor(
    private readonly factors: FactorRepository,
    private readonly session: EnrolledSessionRepository,
    private readonly recoveryCodes: RecoveryCodeService,
    private readonly tenants: TenantService,
    private readonly notices: FactorNotices,
    private readonly events: SecurityEvents,
  ) {}

  /** The confirmed factors of a user that the current user may see. */
  async list(userId: string): Promise<FactorPageResponse> {
    return {
      items: await this.factors.list(userId),
      nextCursor: null,
      recoveryCodesRemaining: await this.recoveryCodes.countUnused(userId),
    };
  }

  /**
   * Records a new confirmed factor in the transaction of the request, after `FactorRepository.lockUser`. The first one comes
   * with recovery codes.
   */
  async added(principal: Principal, id: string): Promise<AddedFactorResponse> {
    const confirmed = await this.factors.list(principal.userId);
    const factor = confirmed.find((one) => one.id === id);
    if (factor === undefined) throw new Error('The new factor was not found.');
    await this.record('factor.added', factor);
    await this.session.raise(principal, factor.kind);
    const isFirst = confirmed.length === 1;
    const recoveryCodes = isFirst ? await this.recoveryCodes.create(principal) : null;
    await this.notices.added(principal.userId, factor.name);
    return { factor, recoveryCodes };
  }

  /** @throws ApiError NOT_FOUND */
  async rename({ userId }: Principal, id: string, name: string): Promise<FactorRecord> {
    if (!(await this.factors.rename(userId, id, name))) throw new ApiError('NOT_FOUND');
    const renamed = await this.find(userId, id);
    await this.record('factor.renamed', renamed);
    return renamed;
  }

  /**
   * Removes a factor of the caller. With the last one, the recovery codes go as well.
   * @throws ApiError NOT_FOUND; LAST_FACTOR if the tenant requires one of the role.
   */
  async remove({ userId, role }: Principal, id: string): Promise<{ removed: true }> {
    await this.factors.lockUser(userId);
    const factor = await this.find(userId, id);
    const isLast = (await this.factors.list(userId)).length === 1;
    if (isLast && (await this.requiresFactor(role))) throw new ApiError('LAST_FACTOR');
    await this.factors.remove(userId, id);
    if (isLast) await this.recoveryCodes.removeAll(userId);
    await this.record('factor.removed', factor);
    await this.notices.removed(userId, factor.name);
    return { removed: true };
  }

  /**
   * Removes all factors and recovery codes of a user who has lost them, and tells the user. Does not revoke sessions.
   * @param transaction of the request or an operator's
   * @returns the kinds of the removed factors
   */
  async reset(transaction: SqlRunner, user: MailedUser): Promise<FactorKind[]> {
    const kinds = await this.factors.removeAll(transaction, user.id);
    await this.events.recordIn(transaction, {
      type: 'factor.reset',
      result: 'success',
      target: { type: 'user', id: user.id },
      details: { kinds },
    });
    await this.notices.reset(transaction, user);
    return kinds;
  }

  /** As session_status() does. */
  private async requiresFactor(role: Role): Promise<boolean> {
    const { requireMFA, mfaRoles } = (await this.tenants.settings()).security;
    return requireMFA && (mfaRoles.length === 0 || mfaRoles.includes(role));
  }

  private async find(userId: string, id: string): Promise<FactorRecord> {
    const factor = (await this.factors.list(userId)).find((one) => one.id === id);
    if (factor === undefined) throw new ApiError('NOT_FOUND');
    return factor;
  }

  private async record(type: SecurityEventType, { id, kind }: FactorRecord): Promise<void> {
    const target = { type: 'factor', id };
    await this.events.record({ type, result: 'success', target, details: { kind } });
  }
}
