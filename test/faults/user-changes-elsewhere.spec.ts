import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp as createTracker } from '../../apps/poc-tracker/src/app.setup.js';
import { testTrackerConfig } from '../../apps/poc-tracker/src/config/test-config.js';
import type { ServiceFixture } from '../e2e/service.fixture.js';
import {
  act,
  type Action,
  remove,
  requireChange,
  service,
  deactivate,
  suspend,
  useUserAdmin,
  workspace,
} from '../e2e/users/user-admin.fixture.js';

useUserAdmin();

describe('A change of a user', () => {
  const CHANGES_FELT: [what: string, change: Action, refusal: string][] = [
    ['suspended', suspend, 'TOKEN_REVOKED'],
    ['deactivated', deactivate, 'TOKEN_REVOKED'],
    ['deleted', remove, 'TOKEN_REVOKED'],
    ['told to change the password', requireChange, 'TOKEN_REVOKED'],
    ['signed out', act('DELETE', '/sessions'), 'TOKEN_REVOKED'],
    ['made a viewer', act('POST', '/role', { role: 'viewer' }), 'INSUFFICIENT_PERMISSIONS'],
  ];

  /** Changes a manager and checks how long another process still accepts what a viewer may not do. */
  async function feel(
    change: Action,
    attempt: (token: string) => Promise<{ status: number; code: unknown }>,
  ): Promise<unknown> {
    const { join } = await workspace();
    const [admin, user] = [await join('admin'), await join('manager')];
    expect((await attempt(user.token)).status).toBeLessThan(300);
    expect((await change(admin.token, user.userId)).status).toBe(200);
    const changedAt = Date.now();
    let answer = await attempt(user.token);
    while (answer.status < 300 && Date.now() - changedAt < 5_000)
      answer = await attempt(user.token);
    expect(Date.now() - changedAt).toBeLessThan(1_000);
    return answer.code;
  }

  it.each(CHANGES_FELT)(
    'takes effect within a second in another process: %s',
    async (_what, change, refusal) => {
      const code = await feel(change, async (token) => {
        const { status, error } = await other.call('GET', '/auth/users', { token });
        return { status, code: error.code };
      });
      expect(code).toBe(refusal);
    },
  );

  it.each(CHANGES_FELT)(
    'takes effect within a second in the tracker: %s',
    async (_what, change, refusal) => {
      const code = await feel(change, async (token) => {
        const { statusCode, body } = await tracker.inject({
          method: 'POST',
          url: '/api/v1/pocs',
          headers: { authorization: `Bearer ${token}` },
          payload: { title: 'Cold-proof sensor' },
        });
        return { status: statusCode, code: (JSON.parse(body) as { code?: unknown }).code };
      });
      expect(code).toBe(refusal);
    },
  );

  let other: ServiceFixture;
  let tracker: NestFastifyApplication;
  let folder: string;

  beforeAll(async () => {
    other = await service.restarted();
    folder = mkdtempSync(join(tmpdir(), 'user-changes-'));
    const keys = await service.app.inject('/.well-known/jwks.json');
    const publicKeys = keys
      .json<{ keys: JsonWebKey[] }>()
      .keys.map((key) => createPublicKey({ key, format: 'jwk' }));
    tracker = await createTracker(
      testTrackerConfig(service.database, publicKeys, { STORAGE_DIR: folder }),
    );
    await tracker.init();
    await tracker.getHttpAdapter().getInstance().ready();
  });

  afterAll(async () => {
    await tracker?.close();
    await other?.app.close();
    rmSync(folder, { recursive: true });
  });
});
