import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { uuidv7 } from '@poc-tracker/tenancy';
import { DataCipher } from '../../protection/data-cipher.js';
import { UserService } from '../../user/user.service.js';
import { FactorRepository, type TotpSecrets } from '../factor.repository.js';
import type { AddedFactorResponse } from '../factor.response.js';
import { FactorService } from '../factor.service.js';
import { seedContext } from './seed-context.js';
import { newSeed, otpauthUri, stepOfCode, toQrCode } from './totp.js';
import type { StartedTotpResponse } from './totp.response.js';

const DEFAULT_NAME = 'Authenticator app';

/** Authenticator apps (TOTP, RFC 6238) of users. */
@Injectable()
export class TotpService {
  constructor(
    private readonly factors: FactorRepository,
    private readonly all: FactorService,
    private readonly users: UserService,
    private readonly cipher: DataCipher,
  ) {}

  /**
   * Adds an authenticator app, which is a factor once its first code is confirmed. Until then it expires after ten minutes.
   * @throws a database error if the user has the largest number of factors (FACTOR_LIMIT_EXCEEDED).
   */
  async start(
    { tenantId, userId, tenant }: Principal,
    name = DEFAULT_NAME,
  ): Promise<StartedTotpResponse> {
    const { email } = await this.users.get(userId);
    const id = uuidv7();
    const seed = newSeed();
    const context = seedContext({ tenantId, userId, id });
    const secret = this.cipher.encrypt(Buffer.from(seed), context);
    await this.factors.insertTotp(tenantId, userId, { id, name, secret });
    const uri = otpauthUri({ seed, issuer: tenant.name, account: email });
    return { id, secret: seed, uri, qrCode: toQrCode(uri) };
  }

  /**
   * Confirms an authenticator app by its current code.
   * @throws ApiError NOT_FOUND if there is none to confirm, VALIDATION_ERROR for a wrong code.
   */
  async confirm(principal: Principal, id: string, code: string): Promise<AddedFactorResponse> {
    await this.factors.lockUser(principal.userId);
    const secrets = (await this.factors.ownSecrets()).find((one) => one.id === id);
    if (secrets?.kind !== 'totp' || secrets.isConfirmed) throw new ApiError('NOT_FOUND');
    const step = this.stepOf(principal, secrets, code);
    if (step === undefined) {
      throw ApiError.validation({ field: 'code', message: 'must be the current code of the app' });
    }
    if (!(await this.factors.confirmTotp(id, step))) throw new ApiError('NOT_FOUND');
    return this.all.added(principal, id);
  }

  /** Uses a code in the transaction of its user. @returns false if it is wrong or was used before. */
  async use(
    account: { tenantId: string; userId: string },
    secrets: readonly TotpSecrets[],
    code: string,
  ): Promise<boolean> {
    for (const one of secrets) {
      const step = this.stepOf(account, one, code);
      if (step !== undefined && (await this.factors.useStep(one.id, step))) return true;
    }
    return false;
  }

  private stepOf(
    { tenantId, userId }: { tenantId: string; userId: string },
    { id, secret, lastStep }: TotpSecrets,
    code: string,
  ): number | undefined {
    const seed = this.cipher.decrypt(secret, seedContext({ tenantId, userId, id })).toString();
    return stepOfCode(code, { seed, lastStep, now: Date.now() });
  }
}
