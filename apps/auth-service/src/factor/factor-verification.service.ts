import { Injectable } from '@nestjs/common';
import {
  ApiError,
  type AuthenticationMethod,
  type FactorKind,
  type TenantSnapshot,
} from '@poc-tracker/contracts';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { SecurityEvents } from '../audit/security-events.js';
import { RefusedCredentials, UserCredentialsService } from '../user/user-credentials.service.js';
import { FactorRepository, type PasskeySecrets, type TotpSecrets } from './factor.repository.js';
import { PasskeyService, type UsedPasskey } from './passkeys/passkey.service.js';
import { RecoveryCodeService } from './recovery/recovery-code.service.js';
import { TotpService } from './totp/totp.service.js';

/** A factor that a user presents. */
export type FactorProof =
  { totp: string } | { recoveryCode: string } | { passkey: AuthenticationResponseJSON };

/** The user whose factor is verified. */
export interface FactorAccount {
  tenant: TenantSnapshot;
  userId: string;
}

/** A factor that was proven. */
export interface ProvenFactor {
  kind: FactorKind | 'recovery_code';
  /**
   * The methods: `otp` for a code of an app, `recovery` for a recovery code; for a passkey `hwk` (a key in hardware) or `swk` (a key
   * that its provider copies to other devices), with `user` and `mfa` if the authenticator has verified its user.
   */
  amr: AuthenticationMethod[];
}

type Outcome = ProvenFactor | 'refused' | 'regressed';

/** Verifies the factors of users. Call `verify` and `verifyPasskey` outside of a transaction. */
@Injectable()
export class FactorVerificationService {
  constructor(
    private readonly factors: FactorRepository,
    private readonly totp: TotpService,
    private readonly passkeys: PasskeyService,
    private readonly recoveryCodes: RecoveryCodeService,
    private readonly credentials: UserCredentialsService,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Verifies a factor of a user and records its use. A refusal counts for the lock of the account like a wrong password: a
   * log-in must not reset the count for its password before its factor is proven, which resets it here.
   * @throws ApiError INVALID_CREDENTIALS for a factor that is wrong, used, of another user, or of a locked account. The cause is
   *   RefusedCredentials.
   */
  async verify(account: FactorAccount, proof: FactorProof): Promise<ProvenFactor> {
    const { tenant, userId } = account;
    const subject = { tenantId: tenant.id, userId };
    const attempt = async (): Promise<ProvenFactor | undefined> => {
      const context = contextWithoutRights(tenant.id, userId);
      const outcome = await this.database.transaction(context, () => this.use(account, proof));
      if (outcome === 'regressed') await this.recordRegression(subject);
      return typeof outcome === 'string' ? undefined : outcome;
    };
    return this.credentials.tryProof(subject, attempt, REFUSAL);
  }

  /**
   * Verifies a passkey as the only factor: its authenticator must have verified its user.
   * @returns the user with the proven factor, who may be inactive
   * @throws ApiError INVALID_CREDENTIALS as `verify` does. Without a user it names none.
   */
  async verifyPasskey(
    tenant: TenantSnapshot,
    passkey: AuthenticationResponseJSON,
  ): Promise<ProvenFactor & { userId: string }> {
    const userId = await this.database.transaction(contextWithoutRights(tenant.id), () =>
      this.passkeys.findUser(passkey),
    );
    if (userId === undefined) throw new ApiError('INVALID_CREDENTIALS', { message: REFUSAL });
    const proven = await this.verify({ tenant, userId }, { passkey });
    if (!proven.amr.includes('user')) {
      const cause = new RefusedCredentials(userId);
      throw new ApiError('INVALID_CREDENTIALS', { message: REFUSAL, cause });
    }
    return { ...proven, userId };
  }

  private async use(account: FactorAccount, proof: FactorProof): Promise<Outcome> {
    const { tenant, userId } = account;
    const secrets = (await this.factors.ownSecrets()).filter(({ isConfirmed }) => isConfirmed);
    if (secrets.length === 0) return 'refused';
    if ('totp' in proof) {
      const apps = secrets.filter((one): one is TotpSecrets => one.kind === 'totp');
      const used = await this.totp.use({ tenantId: tenant.id, userId }, apps, proof.totp);
      return used ? { kind: 'totp', amr: ['otp'] } : 'refused';
    }
    if ('recoveryCode' in proof) {
      const used = await this.recoveryCodes.use(userId, proof.recoveryCode);
      return used ? { kind: 'recovery_code', amr: ['recovery'] } : 'refused';
    }
    const passkeys = secrets.filter((one): one is PasskeySecrets => one.kind === 'passkey');
    const use = await this.passkeys.use(account, passkeys, proof.passkey);
    return use.outcome === 'used' ? { kind: 'passkey', amr: methodsOf(use) } : use.outcome;
  }

  /** A counter that did not increase suggests that the authenticator was copied (WebAuthn, 6.1.1). */
  private async recordRegression({ tenantId, userId }: { tenantId: string; userId: string }) {
    await this.events.recordInOwnTransaction(tenantId, {
      type: 'factor.counter_regressed',
      result: 'failure',
      target: { type: 'user', id: userId },
    });
  }
}

const REFUSAL = 'The code or the passkey is wrong, was used before or has expired.';

function methodsOf({ key, userVerified }: UsedPasskey): AuthenticationMethod[] {
  return userVerified ? [key, 'user', 'mfa'] : [key];
}
