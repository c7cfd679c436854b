import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceClient, type TestClient } from '../oauth/oauth.fixture.js';
import { ServiceFixture } from '../service.fixture.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');

/** Enough to pack, install from the registry and compile on a busy machine. */
const SETUP_MS = 300_000;

/** All code that the author of the application writes. The second line names the platform. */
const APPLICATION = (platform: 'Fastify' | 'Express') => `
import { Controller, Get, Module } from '@nestjs/common';
import { ${platform}Adapter } from '@nestjs/platform-${platform.toLowerCase()}';
import { NestFactory } from '@nestjs/core';
import { Authenticated, connectToIssuer, CurrentUser, Permissions, type Principal, RequireFeature, Roles } from '@poc-tracker/auth-kit';
const { AUTH_URL: url = '', CLIENT: clientId = '', SECRET: clientSecret = '' } = process.env;
@Controller() class CatsController {
  @Get('mine') @Authenticated() mine(@CurrentUser() user: Principal) { return { tenant: user.tenant.subdomain, user: user.userId }; }
  @Get('role') @Roles('manager', 'admin') role() { return 'role'; }
  @Get('permission') @Permissions('view_usage') permission() { return 'permission'; }
  @Get('feature') @RequireFeature('api_access') feature() { return 'feature'; }
  @Get('forgotten') forgotten() { return 'never'; }
}
@Module({ imports: [connectToIssuer({ url, clientId, clientSecret })], controllers: [CatsController] }) class AppModule {}
const app = await NestFactory.create(AppModule, new ${platform}Adapter(), { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1').then(async () => console.log(await app.getUrl()));
`;

const MAX_LINES = 15;

const linesOf = (program: string) =>
  program.split('\n').filter((line) => line.trim() !== '').length;

/** A test by that author, without any server. */
const OWN_TEST = `
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Permissions, RequireFeature } from '@poc-tracker/auth-kit';
import { TestIssuer } from '@poc-tracker/auth-kit/testing';
@Controller()
class CatsController {
  @Get() @Permissions('view_usage') @RequireFeature('api_access') cats() { return 'cats'; }
}
const issuer = new TestIssuer();
@Module({ imports: [issuer.module()], controllers: [CatsController] })
class TestModule {}
const app = await NestFactory.create(TestModule, { logger: false });
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();
const call = async (token: string) => (await fetch(url, { headers: { authorization: 'Bearer ' + token } })).status;
const able = issuer.signIn({ role: 'manager', features: { api_access: true } });
const results = [await call(able.token), await call(issuer.signIn({ features: { api_access: true } }).token),
  await call(issuer.signIn({ role: 'manager' }).token), await call(new TestIssuer().signIn({ role: 'admin' }).token)];
issuer.revoke(able);
console.log([...results, await call(able.token)].join());
await app.close();
`;

/** Compiles only while each of these names is refused. */
const WRONG_NAMES = `
import { Permissions, RequireFeature, Roles } from '@poc-tracker/auth-kit';
export class Wrong {
  // @ts-expect-error -- no such permission
  @Permissions('view_usag') permission(): void {}
  // @ts-expect-error -- no such feature
  @RequireFeature('api') feature(): void {}
  // @ts-expect-error -- no such role
  @Roles('boss') role(): void {}
  // @ts-expect-error -- which?
  @Permissions() nothing(): void {}
}
`;

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'es2022',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  outDir: 'dist',
};

let folder: string;
let tarball: string;
let service: ServiceFixture;
let client: TestClient;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cats-'));
  service = await ServiceFixture.start();
  client = await serviceClient(service);
  await service.app.listen(0, '127.0.0.1');
  url = await service.app.getUrl();
  await makeApplication();
}, SETUP_MS);

afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function makeApplication(): Promise<void> {
  const pack = ['--import', 'tsx', 'scripts/pack-auth-kit.ts', join(folder, 'package')];
  const { stdout } = await run(process.execPath, pack, { cwd: ROOT });
  tarball = stdout.trim();
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
  const nest = ['common', 'core', 'platform-fastify'].map((name) => `@nestjs/${name}`);
  const versions = [...nest, 'reflect-metadata', 'rxjs'].map((name) => [name, dependencies[name]]);
  const application = join(folder, 'app');
  await mkdir(application);
  const manifest = {
    type: 'module',
    dependencies: {
      ...Object.fromEntries(versions),
      '@nestjs/platform-express': dependencies['@nestjs/core'],
      '@types/node': devDependencies['@types/node'],
      '@poc-tracker/auth-kit': `file:${tarball}`,
    },
  };
  await write('package.json', JSON.stringify(manifest));
  await write('fastify.ts', APPLICATION('Fastify'));
  await write('express.ts', APPLICATION('Express'));
  await write('own-test.ts', OWN_TEST);
  await write('readme.ts', await readmeApplication());
  await write('wrong-names.ts', WRONG_NAMES);
  await write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, exclude: ['dist'] }),
  );
  const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', ...quick], { cwd: application });
  await compile();
}

/** The first example of the package's README. */
async function readmeApplication(): Promise<string> {
  const readme = await readFile(join(ROOT, 'libs/auth-kit/README.md'), 'utf8');
  const [, program] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  if (program === undefined) throw new Error('The README shows no application.');
  return program;
}

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, 'app', name), text);
}

/** @throws Error with the output of the compiler. */
async function compile(): Promise<void> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '-p', '.'], { cwd: join(folder, 'app') }).catch(
    (error: unknown) => {
      throw new Error((error as { stdout: string }).stdout);
    },
  );
}

/** Runs a program of the application and returns its first line. */
async function start(
  program: string,
  env: NodeJS.ProcessEnv = {},
): Promise<[ChildProcess, string]> {
  const child = spawn(process.execPath, [join('dist', `${program}.js`)], {
    cwd: join(folder, 'app'),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return [child, line];
}

describe('The auth-kit package', () => {
  it('contains compiled code, its types and the README, and depends on no workspace package', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    const files = stdout.trim().split('\n');
    expect(files).toContain('package/README.md');
    expect(files.filter((file) => !/\.js$|\.d\.ts$|README\.md$|package\.json$/.test(file))).toEqual(
      [],
    );
    expect(files.filter((file) => /\.spec\.|fixture|forge/.test(file))).toEqual([]);
    for (const file of files.filter((name) => name.includes('/lib/'))) {
      const text = await readFile(join(folder, file), 'utf8');
      expect(text, file).not.toMatch(/(from|import\() ?['"]@poc-tracker/);
    }
  });

  it('needs at most 15 lines in an application, which its README shows and which compile', async () => {
    for (const program of [APPLICATION('Fastify'), await readmeApplication()])
      expect(linesOf(program)).toBeLessThanOrEqual(MAX_LINES);
    await expect(readFile(join(folder, 'app/dist/readme.js'), 'utf8')).resolves.toContain('cats');
  });

  it('lets an application run its tests without any server', async () => {
    const [child, line] = await start('own-test');
    if (child.exitCode === null) await once(child, 'exit');
    expect(line).toBe('200,403,403,401,401');
  });
});

describe.each(['fastify', 'express'])(
  'An application that uses auth-kit on %s, outside the repository',
  (platform) => {
    let child: ChildProcess;
    let application: string;

    beforeAll(async () => {
      [child, application] = await start(platform, {
        AUTH_URL: url,
        CLIENT: client.id,
        SECRET: client.secret,
      });
    });

    afterAll(async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });

    async function get(path: string, token?: string): Promise<Record<string, unknown>> {
      const headers: Record<string, string> =
        token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(`${application}/${path}`, { headers });
      const text = await response.text();
      const body = (text.startsWith('{') ? JSON.parse(text) : { text }) as object;
      return {
        status: response.status,
        challenge: response.headers.get('www-authenticate'),
        ...body,
      };
    }

    async function signedIn(role: 'user' | 'manager', planType: 'basic' | 'pro') {
      const tenant = await service.tenant({ planType, features: {} });
      const user = await service.user(tenant.tenantId, { role });
      const { tokens } = await service.login(tenant.host, user);
      return { ...tenant, ...user, token: tokens.accessToken };
    }

    it('accepts the users of each tenant and knows their tenant', async () => {
      for (const caller of [await signedIn('user', 'basic'), await signedIn('user', 'basic')]) {
        const answer = await get('mine', caller.token);
        expect(answer).toMatchObject({
          status: 200,
          tenant: caller.subdomain,
          user: caller.userId,
        });
      }
    });

    it('refuses an invalid token and a route without a policy', async () => {
      expect(await get('mine')).toMatchObject({
        status: 401,
        code: 'TOKEN_REQUIRED',
        challenge: 'Bearer realm="poc-tracker"',
      });
      const { token } = await signedIn('manager', 'pro');
      expect(await get('mine', `${token.slice(0, -8)}AAAAAAAA`)).toMatchObject({
        status: 401,
        code: 'INVALID_TOKEN',
      });
      expect(await get('forgotten', token)).toMatchObject({ status: 403 });
    });

    it('enforces roles, permissions and features', async () => {
      const manager = await signedIn('manager', 'pro');
      const user = await signedIn('user', 'basic');
      for (const route of ['role', 'permission', 'feature'])
        expect(await get(route, manager.token)).toMatchObject({ status: 200, text: route });
      expect(await get('role', user.token)).toMatchObject({
        status: 403,
        code: 'INSUFFICIENT_PERMISSIONS',
        details: { required: ['manager', 'admin'] },
      });
      expect(await get('permission', user.token)).toMatchObject({
        code: 'INSUFFICIENT_PERMISSIONS',
        details: { required: ['view_usage'] },
      });
      expect(await get('feature', user.token)).toMatchObject({
        code: 'FEATURE_NOT_AVAILABLE',
        details: { feature: 'api_access', availableIn: ['pro', 'enterprise'] },
      });
    });

    it('applies changed rights and the end of a session without a new token', async () => {
      const { token, userId } = await signedIn('manager', 'pro');
      expect(await get('role', token)).toMatchObject({ status: 200 });
      await service.sql(`UPDATE users SET role = 'viewer' WHERE id = $1`, [userId]);
      await until(async () => (await get('role', token))['code'] === 'INSUFFICIENT_PERMISSIONS');
      await service.call('POST', '/auth/logout', { token });
      await until(async () => (await get('mine', token))['code'] === 'TOKEN_REVOKED');
    });
  },
);

/** Changes take effect within a second. */
async function until(reached: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 1_000;
  while (!(await reached())) {
    if (Date.now() > deadline) throw new Error('Not within a second.');
  }
}
