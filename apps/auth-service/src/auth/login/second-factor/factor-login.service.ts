import { Injectable } from '@nestjs/common';
import { ApiError, combineMethods, type TenantSnapshot } from '@poc-tracker/contracts';
import type { RequestClient } from '@poc-tracker/tenancy';
import {
  type FactorProof,
  FactorVerificationService,
} from '../../../factor/factor-verification.service.js';
import type { UserTokensResponse } from '../../../session/session.response.js';
import { UserCredentialsService } from '../../../user/user-credentials.service.js';
import { LoginService } from '../login.service.js';
import { EmailCodeService } from './email-code.service.js';
import type { FactorLoginDto, PasskeyLoginDto } from './factor-login.dto.js';
import { factorProofOf } from './factor-proof.dto.js';
import { SecondFactorService } from './second-factor.service.js';

/** The second step of a log-in, and a log-in by a passkey, which needs no other step. */
@Injectable()
export class FactorLoginService {
  constructor(
    private readonly challenges: SecondFactorService,
    private readonly factors: FactorVerificationService,
    private readonly emailCodes: EmailCodeService,
    private readonly credentials: UserCredentialsService,
    private readonly logins: LoginService,
  ) {}

  /**
   * Verifies the second factor of a log-in that waits for it, and opens the session.
   * @throws ApiError INVALID_CHALLENGE, INVALID_CREDENTIALS, SUSPICIOUS_LOGIN, SERVICE_BUSY.
   */
  async logIn(
    tenant: TenantSnapshot,
    input: FactorLoginDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    const proof = loginProofOf(input);
    return this.logins.attempt(tenant, async () => {
      const challenge = await this.challenges.take(tenant, input.challengeToken, client);
      const { userId, deviceId, revokesOthers } = challenge;
      const byMail = 'emailCode' in proof;
      const { amr } = byMail
        ? await this.emailCodes.verify(tenant, userId, proof.emailCode)
        : await this.factors.verify({ tenant, userId }, proof);
      const login = {
        tenant,
        userId,
        amr: combineMethods(challenge.amr, amr),
        client,
        deviceId: deviceId ?? undefined,
        revokesOthers,
      };
      return this.logins.open(login, async () => {
        await this.challenges.spend(challenge);
        if (input.rememberDevice === true && !byMail)
          await this.challenges.rememberDevice(tenant.id, userId);
      });
    });
  }

  /**
   * A log-in without a password. The passkey names its user and has verified them, so it counts as both factors.
   * @throws ApiError INVALID_CREDENTIALS, PASSWORD_CHANGE_REQUIRED, SUSPICIOUS_LOGIN, SERVICE_BUSY.
   */
  async logInByPasskey(
    tenant: TenantSnapshot,
    { passkey, deviceId }: PasskeyLoginDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.logins.attempt(tenant, async () => {
      const { userId, amr } = await this.factors.verifyPasskey(tenant, passkey);
      const login = { tenant, userId, amr: combineMethods(amr), client, deviceId };
      return this.logins.open(login, () => this.credentials.assertMayLogIn(userId));
    });
  }
}

/** @throws ApiError VALIDATION_ERROR if there is no proof or more than one. */
function loginProofOf({
  emailCode,
  ...input
}: FactorLoginDto): FactorProof | { emailCode: string } {
  if (emailCode === undefined) return factorProofOf(input);
  const { totp, recoveryCode, passkey } = input;
  if ([totp, recoveryCode, passkey].some((other) => other !== undefined))
    throw ApiError.validation({ field: 'emailCode', message: 'must be the only proof' });
  return { emailCode };
}
