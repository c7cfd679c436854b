import { afterAll, beforeAll, expect } from 'vitest';
import { adminOn, logInOn } from './audit.fixture.js';
import { GOOD_PASSWORD, ServiceFixture } from '../service.fixture.js';

/** Few connections, so that a request that keeps one too long is noticed. */
const POOL = 8;

export let service: ServiceFixture;

export const admin = () => adminOn(service);

export const logIn = (host: string, email: string, password: string) =>
  logInOn(service, host, email, password);

/** Reads everything that was recorded and expects none of the secrets that the tests have used. */
export async function expectNoSecrets(entries: number): Promise<void> {
  const { tokens, password } = await admin();
  const refreshed = await service.refresh(tokens.refreshToken);
  const rows = await service.sql<{ text: string }>(
    `SELECT row_to_json(s)::text AS text FROM security_events s
       UNION ALL SELECT row_to_json(a)::text FROM audit_log a`,
  );
  const everything = rows.map(({ text }) => text).join('\n');
  expect(rows.length).toBeGreaterThan(entries);
  for (const secret of [
    password,
    GOOD_PASSWORD,
    'wrong wrong wrong',
    tokens.accessToken,
    tokens.refreshToken,
    refreshed.data.refreshToken,
    'hunter2',
  ]) {
    expect(everything).not.toContain(secret);
  }
  expect(everything).not.toMatch(/\$argon2|eyJ[\w-]+\.eyJ|\\\\x[0-9a-f]{64}/);
}

export function useAuditedService(): void {
  beforeAll(async () => {
    service = await ServiceFixture.start({
      DB_POOL_MAX: String(POOL),
      DB_POOL_MIN: '2',
      REQUEST_TIMEOUT_MS: '60000',
    });
  });

  afterAll(async () => {
    await service?.stop();
  });
}
