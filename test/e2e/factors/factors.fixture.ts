import { generateSync } from 'otplib';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { contextWithoutRights, TenantDatabase, TenantLookup } from '@poc-tracker/tenancy';
import {
  type FactorProof,
  FactorVerificationService,
  type ProvenFactor,
} from '../../../apps/auth-service/src/factor/factor-verification.service.js';
import type { ServiceFixture } from '../service.fixture.js';

export interface Factor {
  id: string;
  kind: string;
  name: string;
  lastUsedAt: string | null;
}

export interface FactorList {
  items: Factor[];
  recoveryCodesRemaining: number;
}

export interface Added {
  factor: Factor;
  recoveryCodes: string[] | null;
}

export interface StartedTotp {
  id: string;
  secret: string;
  uri: string;
  qrCode: string;
}

/** The code of an app whose clock is this many periods ahead. */
export const totpCode = (secret: string, periods = 0): string =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1_000) + periods * 30 });

/** A wrong code, whatever the time is. */
export function wrongCode(secret: string): string {
  const right = [-3, -2, -1, 0, 1, 2, 3].map((periods) => totpCode(secret, periods));
  const codes = Array.from({ length: 8 }, (_, index) => String(index).repeat(6));
  return codes.find((code) => !right.includes(code)) ?? '';
}

export async function listFactors(service: ServiceFixture, token: string): Promise<FactorList> {
  return (await service.call<FactorList>('GET', '/auth/factors', { token })).data;
}

/** Adds an app and confirms it by the code of the period before, so that the code of this period is left. */
export async function addTotp(
  service: ServiceFixture,
  token: string,
): Promise<Added & { secret: string }> {
  const started = await service.call<StartedTotp>('POST', '/auth/factors/totp', {
    token,
    body: {},
  });
  const { id, secret } = started.data;
  const confirmed = await service.call<Added>('POST', `/auth/factors/totp/${id}/confirm`, {
    token,
    body: { code: totpCode(secret, -1) },
  });
  if (confirmed.status !== 200) throw new Error(confirmed.text);
  return { ...confirmed.data, secret };
}

/** Verifies a factor as a log-in does. @returns the proven factor, or the code of the refusal */
export async function verifyFactor(
  service: ServiceFixture,
  { subdomain, userId }: { subdomain: string; userId: string },
  proof: FactorProof,
): Promise<ProvenFactor | string> {
  const verification = service.app.get(FactorVerificationService, { strict: false });
  const tenant = await tenantOf(service, subdomain);
  try {
    return await verification.verify({ tenant, userId }, proof);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

export async function tenantOf(
  service: ServiceFixture,
  subdomain: string,
): Promise<TenantSnapshot> {
  const tenant = await service.app.get(TenantLookup, { strict: false }).find({ subdomain });
  if (tenant === undefined) throw new Error(`There is no tenant ${subdomain}.`);
  return tenant;
}

/** Runs the work that often at once, each in a transaction of the user. */
export async function inParallel<T>(
  service: ServiceFixture,
  { tenantId, userId }: { tenantId: string; userId: string },
  count: number,
  work: () => Promise<T>,
): Promise<T[]> {
  const database = service.app.get(TenantDatabase);
  return Promise.all(
    Array.from({ length: count }, () =>
      database.transaction(contextWithoutRights(tenantId, userId), work),
    ),
  );
}

/** The types of the security events of a tenant, oldest first. */
export async function eventsOf(service: ServiceFixture, tenantId: string): Promise<string[]> {
  const rows = await service.sql<{ type: string }>(
    'SELECT type FROM security_events WHERE tenant_id = $1 ORDER BY id',
    [tenantId],
  );
  return rows.map(({ type }) => type);
}

/** Proves the second factor in the session of a member. @returns its new access token */
export async function stepUp(
  service: ServiceFixture,
  member: { userId: string; refreshToken: string },
): Promise<string> {
  await service.sql(
    `UPDATE user_sessions SET amr = '{pwd,otp,mfa}', authenticated_at = now() WHERE user_id = $1`,
    [member.userId],
  );
  const { data } = await service.refresh(member.refreshToken);
  member.refreshToken = data.refreshToken;
  return data.accessToken;
}
