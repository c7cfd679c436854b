import { ApiError } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { temporaryPassword } from '../../protection/temporary-password.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import { UserService } from '../../user/user.service.js';
import type { OperatorActor } from '../operator-actor.js';
import { AdminPasswordRepository } from './admin-password.repository.js';

/** Resets the password of a tenant's only admin, whom no other user of the tenant can help. */
@Injectable()
export class AdminPasswordService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly admins: AdminPasswordRepository,
    private readonly users: UserService,
    private readonly sessions: SessionRevocationService,
    private readonly hasher: PasswordHasher,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Replaces the password by a generated one, which the admin must change at the next log-in, and revokes their sessions.
   * @returns the password, which is not stored.
   * @throws ApiError NOT_FOUND if the tenant has no active admin with this address; INSUFFICIENT_PERMISSIONS if it has
   *   other active admins, who can reset the password themselves; SERVICE_BUSY.
   */
  async reset(tenantId: string, email: string, actor: OperatorActor): Promise<string> {
    const { operatorId, details } = actor;
    const generated = temporaryPassword();
    const passwordHash = await this.hasher.hash(generated);
    await this.database.transaction({ tenantId, operatorId }, async (transaction) => {
      const admin = await this.admins.lockAdmin(transaction, tenantId, email);
      if (admin === null) throw new ApiError('NOT_FOUND');
      if (!admin.sole)
        throw new ApiError('INSUFFICIENT_PERMISSIONS', { details: { reason: 'other_admins' } });
      await this.users.setTemporaryPassword(admin.id, passwordHash, transaction);
      await this.sessions.revokeAll(admin.id, transaction);
      await this.events.recordAsOperator(transaction, tenantId, {
        type: 'password.reset',
        result: 'success',
        actorId: operatorId,
        target: { type: 'user', id: admin.id },
        ...(details !== undefined && { details }),
      });
    });
    return generated;
  }
}
