import { ApiError } from '@poc-tracker/contracts';
import { type MockInstance, vi } from 'vitest';
import { FactorVerificationService } from '../../../apps/auth-service/src/factor/factor-verification.service.js';
import { AccountLock } from '../../../apps/auth-service/src/protection/lockout/account-lock.js';
import { RefusedCredentials } from '../../../apps/auth-service/src/user/user-credentials.service.js';
import type { Answer, Login, ServiceFixture } from '../service.fixture.js';
import type { SeededUser } from '@poc-tracker/testing';

/** The code that {@link acceptCodes} accepts. */
export const RIGHT_CODE = '246810';
export const WRONG_CODE = '135790';

/** What the service puts in the details of SECOND_FACTOR_REQUIRED. */
export interface Challenge {
  challengeToken: string;
  expiresIn: number;
  methods: string[];
}

/**
 * Replaces the verification of codes, so that one code is right at any time. A wrong one counts for the lock of the account, as
 * with a real authenticator app.
 */
export function acceptCodes(service: ServiceFixture): MockInstance {
  const lock = service.app.get(AccountLock, { strict: false });
  const factors = service.app.get(FactorVerificationService, { strict: false });
  return vi.spyOn(factors, 'verify').mockImplementation(async ({ tenant, userId }, proof) => {
    const account = { tenantId: tenant.id, userId };
    if (!('totp' in proof) || proof.totp !== RIGHT_CODE || (await lock.isLocked(account))) {
      await lock.recordFailure(account);
      const cause = new RefusedCredentials(userId);
      throw new ApiError('INVALID_CREDENTIALS', { cause });
    }
    await lock.recordSuccess(account);
    return { kind: 'totp', amr: ['otp'] };
  });
}

/** Gives the user an authenticator app. */
export async function enroll(service: ServiceFixture, { userId }: { userId: string }) {
  await service.sql(`UPDATE users SET factors = '{totp}' WHERE id = $1`, [userId]);
}

export type Headers = Record<string, string>;

/** The first step of a log-in, of a user who has a factor. */
export async function challengeOf(
  service: ServiceFixture,
  host: string,
  { email, password }: Pick<SeededUser, 'email' | 'password'>,
  headers: Headers = {},
): Promise<Challenge> {
  const answer = await service.call('POST', '/auth/login', {
    host,
    body: { email, password },
    headers,
  });
  if (answer.error.code !== 'SECOND_FACTOR_REQUIRED')
    throw new Error(`Log-in answered ${answer.status}: ${answer.text}`);
  return answer.error.details as Challenge;
}

/** What the second step sends beside the challenge token. */
interface Answered {
  totp?: string;
  headers?: Headers;
  [field: string]: unknown;
}

/** The second step. */
export const answerChallenge = (
  service: ServiceFixture,
  host: string,
  challengeToken: string,
  { totp = RIGHT_CODE, headers = {}, ...body }: Answered = {},
): Promise<Answer<Login>> =>
  service.call<Login>('POST', '/auth/login/factor', {
    host,
    body: { challengeToken, totp, ...body },
    headers,
  });

/** The device cookie that an answer sets, as a header. */
export function cookieOf({ headers }: Answer): Headers {
  const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  return { cookie };
}
