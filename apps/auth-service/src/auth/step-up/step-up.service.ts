import { Injectable } from '@nestjs/common';
import { assertSecondFactor, type Principal } from '@poc-tracker/auth-kit';
import { ApiError, type AuthenticationMethod } from '@poc-tracker/contracts';
import { contextWithoutRights, type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { FactorVerificationService } from '../../factor/factor-verification.service.js';
import type { TokensResponse } from '../../session/session.response.js';
import { ReauthenticationService } from '../../session/tokens/reauthentication.service.js';
import { UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserService } from '../../user/user.service.js';
import { factorProofOf } from '../login/second-factor/factor-proof.dto.js';
import type { StepUpDto } from './step-up.dto.js';

/** A proof that was verified, and what must still hold when the session is renewed. */
interface Verified {
  amr: readonly AuthenticationMethod[];
  assertUnchanged: () => Promise<void>;
}

/** New proofs of identity in a session that exists. */
@Injectable()
export class StepUpService {
  constructor(
    private readonly users: UserService,
    private readonly credentials: UserCredentialsService,
    private readonly factors: FactorVerificationService,
    private readonly sessions: ReauthenticationService,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Verifies a proof of the principal and renews the tokens of the session. The principal is that of the token, so no one steps up
   * the session of another user.
   * @throws ApiError INVALID_CREDENTIALS, STEP_UP_REQUIRED for a password of a user who has a second factor, SERVICE_BUSY.
   */
  async stepUp(
    principal: Principal,
    input: StepUpDto,
    client: RequestClient,
  ): Promise<TokensResponse> {
    const { tenantId, userId, sessionId } = principal;
    const event = {
      type: 'session.stepped_up',
      target: { type: 'session', id: sessionId },
    } as const;
    return this.events.recordingRefusal(
      tenantId,
      async () => {
        const { amr, assertUnchanged } = await this.verify(principal, input);
        return this.credentials.inTransaction(tenantId, userId, async () => {
          await assertUnchanged();
          const details = { methods: amr.join(' ') };
          await this.events.record({ ...event, result: 'success', details });
          return this.sessions.renew(principal, amr, client);
        });
      },
      ({ code }) => ({ ...event, result: 'failure', details: { reason: code } }),
    );
  }

  private async verify(principal: Principal, { password, ...proof }: StepUpDto): Promise<Verified> {
    const { tenant, userId } = principal;
    if (password !== undefined) {
      if (Object.values(proof).some((one) => one !== undefined))
        throw ApiError.validation({ field: 'password', message: 'must be the only proof' });
      return this.verifyPassword(principal, password);
    }
    const { amr } = await this.factors.verify({ tenant, userId }, factorProofOf(proof));
    return { amr, assertUnchanged: () => Promise.resolve() };
  }

  private async verifyPassword(principal: Principal, password: string): Promise<Verified> {
    const { tenant, userId } = principal;
    // Before the password is verified: the thief of a session must not learn whether it is right.
    if (principal.factors.length > 0) refusePassword(principal);
    const { email } = await this.database.transaction(contextWithoutRights(tenant.id, userId), () =>
      this.users.get(userId),
    );
    const verified = await this.credentials.verify(tenant, email, password);
    if (verified.hasFactor) refusePassword(principal);
    return {
      amr: ['pwd'],
      assertUnchanged: () => this.credentials.assertUnchanged(email, verified),
    };
  }
}

/** @throws ApiError STEP_UP_REQUIRED with the proofs to choose from. */
function refusePassword(principal: Principal): void {
  assertSecondFactor({ ...principal, factorDue: 'verification' });
}
