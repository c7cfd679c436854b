import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import { GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

interface Shell {
  code: number;
  out: string;
  err: string;
}

/** Runs a command line in its own process, as npm does. */
async function shell(argv: string[], env: NodeJS.ProcessEnv): Promise<Shell> {
  const script = (
    JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  ).scripts['cli'];
  try {
    const { stdout, stderr } = await promisify(execFile)(
      'sh',
      ['-c', `${script} "$@"`, 'cli', ...argv],
      { env: { PATH: process.env['PATH'], DATA_DIR: '/nowhere', ...env } },
    );
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

describe('npm run cli', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  it('passes its exit code and its output to the shell', { timeout: 120_000 }, async () => {
    const env = { PLATFORM_DATABASE_URL: database.platformUrl };
    const [listed, unknown, nowhere] = await Promise.all([
      shell(['tenants', 'list', '--json'], env),
      shell(['tenants', 'show', 'unknown'], env),
      shell(['tenants', 'list'], {}),
    ]);
    expect([listed.code, JSON.parse(listed.out)]).toEqual([0, { items: [], nextCursor: null }]);
    // The first call may build the command line and say so before.
    const err: unknown = expect.stringMatching(/(^|\n)There is no tenant "unknown"\.\n$/);
    expect(unknown).toEqual({ code: 1, out: '', err });
    expect([nowhere.code, nowhere.out]).toEqual([2, '']);
  });
});

describe('A rotation of the signing key', () => {
  let folder: string;
  let service: ServiceFixture;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rotation-'));
    await cliOn(null)('keys', 'generate', '--out', folder);
    service = await ServiceFixture.start(keys());
  });

  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  function keys(): NodeJS.ProcessEnv {
    return {
      JWT_PRIVATE_KEY: '',
      JWT_PRIVATE_KEY_FILE: join(folder, 'jwt-private.pem'),
      JWT_PUBLIC_KEY_FILE: join(folder, 'jwt-public.pem'),
    };
  }

  function kidOf({ tokens }: Login): string {
    const header = Buffer.from(tokens.accessToken.split('.')[0] ?? '', 'base64url').toString();
    return (JSON.parse(header) as { kid: string }).kid;
  }

  it('keeps users logged in: tokens of the old and the new key are both accepted', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId, { password: GOOD_PASSWORD });
    const before = await service.login(host, user);
    const rotated = await cliOn(null, keys())('keys', 'rotate', '--json');
    expect(rotated.json()).toMatchObject({ signs: true, published: 2 });
    const restarted = await service.restarted();
    try {
      const after = await restarted.login(host, user);
      expect(kidOf(after)).not.toBe(kidOf(before));
      expect(await restarted.probe(before.tokens.accessToken)).toBe('accepted');
      expect(await restarted.probe(after.tokens.accessToken)).toBe('accepted');
      expect((await restarted.refresh(before.tokens.refreshToken)).status).toBe(200);
      const jwks = await restarted.app.inject({ method: 'GET', url: '/.well-known/jwks.json' });
      const published = jwks.json<{ keys: { kid: string }[] }>().keys.map(({ kid }) => kid);
      expect(published.sort()).toEqual([kidOf(before), kidOf(after)].sort());
      // The instance that was not restarted does not know the new key. This is what "--prepare" is for.
      expect(await service.probe(after.tokens.accessToken)).toBe('INVALID_TOKEN');
    } finally {
      await restarted.app.close();
    }
  });

  it('that was prepared publishes the new key to every instance before it signs', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId, { password: GOOD_PASSWORD });
    await cliOn(null, keys())('keys', 'rotate', '--prepare');
    const informed = await service.restarted();
    try {
      await cliOn(null, keys())('keys', 'rotate');
      const restarted = await service.restarted();
      try {
        const login = await restarted.login(host, user);
        expect(await informed.probe(login.tokens.accessToken)).toBe('accepted');
      } finally {
        await restarted.app.close();
      }
    } finally {
      await informed.app.close();
    }
  });
});
