import { Injectable } from '@nestjs/common';
import { ApiError, type AuthenticationMethod, type TenantSnapshot } from '@poc-tracker/contracts';
import { type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { UserCredentialsService } from '../../../user/user-credentials.service.js';
import { UserMails } from '../../../user/user-mails.js';
import { ACCEPTED, type AcceptedResponse } from '../../one-time-tokens/account.response.js';
import { OneTimeTokenService } from '../../one-time-tokens/one-time-token.service.js';
import { SecondFactorRepository } from './second-factor.repository.js';
import { SecondFactorService } from './second-factor.service.js';

/** Codes by mail that answer a suspicious log-in of a user without a second factor. */
@Injectable()
export class EmailCodeService {
  constructor(
    private readonly challenges: SecondFactorService,
    private readonly repository: SecondFactorRepository,
    private readonly tokens: OneTimeTokenService,
    private readonly credentials: UserCredentialsService,
    private readonly mails: UserMails,
    private readonly database: TenantDatabase,
  ) {}

  /**
   * Sends a code to the user of a challenge, at most once a minute. The caller has proved the password, so the answer may tell
   * that the account exists.
   * @throws ApiError INVALID_CHALLENGE, also if the user has a second factor or the tenant allows no codes; SERVICE_BUSY.
   */
  async send(
    tenant: TenantSnapshot,
    challengeToken: string,
    client: RequestClient,
  ): Promise<AcceptedResponse> {
    const { sub: userId, jti } = this.challenges.verify(tenant, challengeToken, client);
    await this.credentials.inTransaction(tenant.id, userId, async () => {
      if (!(await this.repository.lockChallenge(userId, jti)))
        throw new ApiError('INVALID_CHALLENGE');
      const user = await this.credentials.findUser(userId);
      if (user.factors.length > 0 || !(await this.challenges.allowsEmailCodes()))
        throw new ApiError('INVALID_CHALLENGE');
      if (!(await this.repository.claimMail(userId, jti))) return;
      const values = await this.tokens.createCode(this.database, user, 'factor_code');
      await this.mails.add(this.database, user, { kind: 'login_code', values });
    });
    return ACCEPTED;
  }

  /**
   * Uses a code up. A wrong one counts for the lock of the account, and a locked account does not use up its code.
   * @throws ApiError INVALID_CREDENTIALS. The cause is RefusedCredentials.
   */
  async verify(
    tenant: TenantSnapshot,
    userId: string,
    code: string,
  ): Promise<{ amr: readonly AuthenticationMethod[] }> {
    const owner = { tenantId: tenant.id, id: userId };
    return this.credentials.tryProof({ tenantId: tenant.id, userId }, async () =>
      (await this.tokens.tryCode(owner, 'factor_code', code)) ? { amr: ['email'] } : undefined,
    );
  }
}
