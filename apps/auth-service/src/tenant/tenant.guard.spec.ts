import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import { type CanActivate, Controller, type ExecutionContext, Get, Injectable, Module, Query } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Principal } from '@poc-tracker/auth-kit';
import { registerRequestContext, TenancyModule, TenantDatabase, TenantInterceptor, toApiError } from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, type SeededTenant, type TestDatabase } from '@poc-tracker/testing';
import { IsIn } from 'class-validator';
import type { FastifyRequest, InjectOptions } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConfigModule } from '../config/config.module.js';
import { testConfig } from '../config/test-config.js';
import { createHttpApp } from '../http/http-app.factory.js';
import { createLogger } from '../http/logger.factory.js';
import { ResolvedTenant } from './resolved-tenant.decorator.js';
import { TENANT_ENTITIES } from './tenant.entity.js';
import { TenantGuard } from './tenant.guard.js';
import { TenantModule } from './tenant.module.js';
import { TenantResolver } from './tenant.resolver.js';
import { Tenantless } from './tenantless.decorator.js';

class StrictQuery {
  @IsIn(['yes', undefined])
  strict?: string;
}

const WHAT_THE_DATABASE_KNOWS = `
  SELECT current_setting('app.current_tenant_id', true) AS tenant, current_setting('app.current_user_id', true) AS user,
         current_setting('app.user_role', true) AS role, (SELECT array_agg(subdomain::text) FROM tenants) AS visible`;

@Controller()
class ProbeController {
  constructor(
    private readonly database: TenantDatabase,
    private readonly resolver: TenantResolver,
  ) {}

  @Get('probe')
  async probe(@ResolvedTenant() tenant: { subdomain: string }, @Query() query: StrictQuery): Promise<unknown> {
    const [known] = await this.database.query(WHAT_THE_DATABASE_KNOWS);
    return { resolved: tenant.subdomain, query, known };
  }

  @Get('tenantless')
  @Tenantless()
  tenantless(): string {
    return 'no tenant asked for';
  }

  @Get('muddled')
  @Tenantless()
  muddled(@ResolvedTenant() tenant: unknown): unknown {
    return tenant;
  }
}

/** Stands in for JwtAuthGuard: the principal that the test has put here. */
@Injectable()
class StubAuthGuard implements CanActivate {
  static principal: Principal | undefined;

  canActivate(context: ExecutionContext): boolean {
    const { principal } = StubAuthGuard;
    if (principal !== undefined) context.switchToHttp().getRequest<FastifyRequest>().principal = principal;
    return true;
  }
}

async function createProbe(db: TestDatabase, env: NodeJS.ProcessEnv = {}): Promise<NestFastifyApplication> {
  const config = testConfig(db, env);
  const { serviceUrl, poolMin, poolMax, tls } = config.database;
  @Module({
    imports: [
      ConfigModule.of(config),
      TenancyModule.forRoot({ serviceUrl, poolMin, poolMax, tls, requestTimeoutMs: 5_000, entities: TENANT_ENTITIES }),
      TenantModule,
    ],
    controllers: [ProbeController],
    providers: [
      { provide: APP_GUARD, useClass: StubAuthGuard },
      { provide: APP_GUARD, useExisting: TenantGuard },
      { provide: APP_INTERCEPTOR, useExisting: TenantInterceptor },
    ],
  })
  class ProbeModule {}
  const app = await createHttpApp(ProbeModule, {
    config,
    logger: createLogger(config),
    requestId: randomUUID,
    translateError: toApiError,
    prepare: registerRequestContext,
  });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

describe('TenantGuard', () => {
  let db: TestDatabase;
  let app: NestFastifyApplication;
  const tenants: Record<string, SeededTenant> = {};
  const idOf = (name: string) => tenants[name]?.tenantId ?? '';

  beforeAll(async () => {
    db = await createTestDatabase();
    const branding = (custom_domain: string) => ({ logo_url: null, primary_color: '#2563eb', custom_domain });
    tenants['acme'] = await seedTenant(db, { subdomain: 'acme', branding: branding('Login.Acme.example') });
    tenants['globex'] = await seedTenant(db, { subdomain: 'globex', branding: branding('globex.example') });
    tenants['asleep'] = await seedTenant(db, { subdomain: 'asleep', status: 'suspended', branding: branding('asleep.example') });
    tenants['gone'] = await seedTenant(db, { subdomain: 'gone', status: 'canceled' });
    app = await createProbe(db);
  });

  afterAll(async () => {
    await app.close();
    await db.drop();
  });

  afterEach(() => {
    StubAuthGuard.principal = undefined;
    vi.restoreAllMocks();
  });

  async function get(url: string, headers: Record<string, string> = {}, on = app) {
    const options: InjectOptions = { method: 'GET', url: `/api/v1/${url}`, headers: { host: 'poctracker.com', ...headers } };
    const response = await on.inject(options);
    const body = response.json<{ code?: string; data?: unknown; details?: unknown }>();
    return { status: response.statusCode, ...body };
  }

  const answerOf = (subdomain: string) => ({ status: 200, data: { resolved: subdomain, known: { visible: [subdomain] } } });

  describe('on a route for everybody', () => {
    it.each([
      ['the subdomain', 'acme.poctracker.com'],
      ['the subdomain with a port and in capitals', 'ACME.poctracker.com:8443'],
      ['the subdomain of localhost', 'acme.localhost:3000'],
      ['the custom domain, whatever its case', 'LOGIN.acme.example:443'],
    ])('resolves %s and tells the database', async (_what, host) => {
      expect(await get('probe', { host })).toMatchObject({
        ...answerOf('acme'),
        data: { known: { tenant: idOf('acme'), user: '', role: '' } },
      });
    });

    it('resolves the header, and the query where there is no header', async () => {
      expect(await get('probe', { 'x-tenant-id': idOf('acme') })).toMatchObject(answerOf('acme'));
      expect(await get(`probe?tenant_id=${idOf('globex')}`)).toMatchObject(answerOf('globex'));
      expect(await get(`probe?tenant_id=${idOf('globex')}`, { 'x-tenant-id': idOf('acme') })).toMatchObject(answerOf('acme'));
    });

    it.each(['poctracker.com', 'api.poctracker.com', 'www.poctracker.com', 'unknown.example', '127.0.0.1:3000', 'a.acme.poctracker.com'])(
      'finds no tenant in the host %s: the header decides, and without one a tenant is required',
      async (host) => {
        expect(await get('probe', { host })).toMatchObject({ status: 400, code: 'TENANT_REQUIRED' });
        expect(await get('probe', { host, 'x-tenant-id': idOf('globex') })).toMatchObject(answerOf('globex'));
      },
    );

    it.each(['acme.poctracker.com', 'login.acme.example'])(
      'lets neither header nor query override the host %s',
      async (host) => {
        const headers = { host, 'x-tenant-id': idOf('globex') };
        expect(await get(`probe?tenant_id=${idOf('globex')}`, headers)).toMatchObject(answerOf('acme'));
      },
    );

    it('refuses unknown, suspended and canceled tenants alike, however they are named', async () => {
      const attempts = [
        get('probe', { host: 'nobody.poctracker.com' }),
        get('probe', { host: 'asleep.poctracker.com' }),
        get('probe', { host: 'asleep.example' }),
        get('probe', { host: 'gone.localhost' }),
        get('probe', { 'x-tenant-id': randomUUID() }),
        get('probe', { 'x-tenant-id': idOf('asleep') }),
        get(`probe?tenant_id=${idOf('gone')}`),
        get('probe', { host: 'nobody.poctracker.com', 'x-tenant-id': idOf('acme') }),
      ];
      for (const { status, code, details } of await Promise.all(attempts)) {
        expect({ status, code, details }).toEqual({ status: 403, code: 'INVALID_TENANT', details: undefined });
      }
    });

    it.each(['acme', '1', "' OR 1=1 --", '00000000-0000-0000-0000-00000000000g', '%00'])(
      'answers 400 to the malformed id %s, naming where it stood',
      async (id) => {
        expect(await get('probe', { 'x-tenant-id': id })).toMatchObject({
          status: 400,
          code: 'VALIDATION_ERROR',
          details: [{ field: 'x-tenant-id' }],
        });
        expect(await get(`probe?tenant_id=${encodeURIComponent(id)}`)).toMatchObject({
          status: 400,
          code: 'VALIDATION_ERROR',
          details: [{ field: 'tenant_id' }],
        });
      },
    );

    it('answers 400 to repeated parameters and headers', async () => {
      expect(await get(`probe?tenant_id=${idOf('acme')}&tenant_id=${idOf('globex')}`)).toMatchObject({ status: 400 });
      expect(await get('probe', { 'x-tenant-id': `${idOf('acme')}, ${idOf('acme')}` })).toMatchObject({ status: 400 });
      expect(await get(`probe?tenant_id[]=${idOf('acme')}`)).toMatchObject({ status: 400 });
    });

    it('keeps its parameter from the strict check of the parameters of the route', async () => {
      const url = `probe?strict=yes&tenant_id=${idOf('acme')}`;
      expect(await get(url)).toMatchObject({ status: 200, data: { query: { strict: 'yes' } } });
      expect(await get(`${url}&other=1`)).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' });
    });

    it('asks for no tenant where the route is for none', async () => {
      expect(await get('tenantless')).toMatchObject({ status: 200 });
      expect(await get('tenantless', { host: 'nobody.poctracker.com', 'x-tenant-id': 'junk' })).toMatchObject({ status: 200 });
      expect(await get('muddled', { host: 'acme.localhost' })).toMatchObject({ status: 400, code: 'TENANT_REQUIRED' });
    });
  });

  describe('with a verified token', () => {
    const signIn = (subdomain: string, customDomain: string | null) => {
      const id = idOf(subdomain);
      StubAuthGuard.principal = {
        userId: randomUUID(),
        tenantId: id,
        role: 'manager',
        tenant: { id, subdomain, customDomain },
      } as Principal;
      return StubAuthGuard.principal;
    };

    it("uses the token's tenant and tells the database who asks", async () => {
      const { userId, tenantId } = signIn('acme', null);
      expect(await get('probe')).toMatchObject({
        ...answerOf('acme'),
        data: { known: { tenant: tenantId, user: userId, role: 'manager' } },
      });
    });

    it('gives header and query no effect', async () => {
      signIn('acme', null);
      const other = idOf('globex');
      expect(await get(`probe?tenant_id=${other}`, { 'x-tenant-id': other })).toMatchObject(answerOf('acme'));
      expect(await get('probe', { 'x-tenant-id': randomUUID() })).toMatchObject(answerOf('acme'));
      expect(await get('probe', { 'x-tenant-id': 'junk' })).toMatchObject({ status: 400 });
    });

    it.each(['globex.poctracker.com', 'globex.localhost:3000', 'nobody.poctracker.com', 'globex.example', 'GLOBEX.example:443'])(
      "refuses the host %s of another tenant, also with the token's tenant in the header",
      async (host) => {
        signIn('acme', 'login.acme.example');
        for (const headers of [{ host }, { host, 'x-tenant-id': idOf('acme') }]) {
          expect(await get('probe', headers)).toMatchObject({ status: 403, code: 'TENANT_MISMATCH' });
        }
      },
    );

    it('takes the own subdomain and the own custom domain without asking the database', async () => {
      signIn('acme', 'Login.Acme.example');
      const lookup = vi.spyOn(app.get(TenantDatabase, { strict: false }), 'lookup');
      for (const host of ['acme.poctracker.com', 'acme.localhost', 'login.acme.example', 'poctracker.com', 'auth-service:3000', '10.0.0.7']) {
        expect(await get('probe', { host })).toMatchObject(answerOf('acme'));
      }
      expect(lookup).not.toHaveBeenCalled();
    });

    it('takes a domain that is no tenant of ours, such as the name inside of a cluster', async () => {
      signIn('acme', null);
      expect(await get('probe', { host: 'auth-service.default.svc.cluster.local' })).toMatchObject(answerOf('acme'));
    });
  });

  describe('tenantOfHost', () => {
    const ask = (host: string) =>
      app.get(TenantResolver, { strict: false }).tenantOfHost({ host, headers: {}, query: {}, raw: { rawHeaders: [] } });

    it('answers for the host alone', async () => {
      expect(await ask('acme.localhost')).toMatchObject({ id: idOf('acme') });
      expect(await ask('login.acme.example')).toMatchObject({ id: idOf('acme') });
      expect(await ask('poctracker.com')).toBeUndefined();
      expect(await ask('unknown.example')).toBeUndefined();
      await expect(ask('nobody.localhost')).rejects.toMatchObject({ code: 'INVALID_TENANT' });
      await expect(ask('asleep.example')).rejects.toMatchObject({ code: 'INVALID_TENANT' });
    });
  });

  describe('the default tenant', () => {
    let withDefault: NestFastifyApplication;

    beforeAll(async () => {
      withDefault = await createProbe(db, { DEFAULT_TENANT: 'globex' });
    });

    afterAll(() => withDefault.close());

    it('is the last resort and overrides nothing', async () => {
      expect(await get('probe', {}, withDefault)).toMatchObject(answerOf('globex'));
      expect(await get('probe', { host: 'unknown.example' }, withDefault)).toMatchObject(answerOf('globex'));
      expect(await get('probe', { host: 'acme.localhost' }, withDefault)).toMatchObject(answerOf('acme'));
      expect(await get('probe', { host: 'login.acme.example' }, withDefault)).toMatchObject(answerOf('acme'));
      expect(await get('probe', { 'x-tenant-id': idOf('acme') }, withDefault)).toMatchObject(answerOf('acme'));
    });
  });

  describe('behind a proxy', () => {
    it('believes X-Forwarded-Host from a trusted address only', async () => {
      const forwarded = { 'x-forwarded-host': 'globex.poctracker.com', forwarded: 'host=globex.poctracker.com' };
      const headers = { host: 'acme.poctracker.com', ...forwarded };
      expect(await get('probe', headers)).toMatchObject(answerOf('acme'));

      const trusting = await createProbe(db, { TRUSTED_PROXIES: '127.0.0.1' });
      const strangers = await createProbe(db, { TRUSTED_PROXIES: '10.0.0.0/8' });
      try {
        expect(await get('probe', headers, trusting)).toMatchObject(answerOf('globex'));
        expect(await get('probe', headers, strangers)).toMatchObject(answerOf('acme'));
      } finally {
        await trusting.close();
        await strangers.close();
      }
    });
  });

  describe('on the wire', () => {
    let port: number;

    beforeAll(async () => {
      await app.listen(0, '127.0.0.1');
      port = (app.getHttpServer().address() as { port: number }).port;
    });

    /** Node's own client sends each of these headers once. */
    function send(...headers: string[]): Promise<string> {
      return new Promise((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1');
        let answer = '';
        socket.on('error', reject).on('data', (chunk) => (answer += chunk.toString())).on('end', () => resolve(answer));
        socket.write(['GET /api/v1/probe HTTP/1.1', ...headers, 'Connection: close', '', ''].join('\r\n'));
      });
    }

    it('answers 400 to two Host headers, in whatever case they come', async () => {
      expect(await send('Host: acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
      expect(await send('Host: acme.localhost', 'HOST: globex.localhost')).toMatch(/^HTTP\/1\.1 400 /);
      expect(await send('Host: acme.localhost', 'host: acme.localhost')).toMatch(/^HTTP\/1\.1 400 /);
    });

    it('answers 400 to two tenant headers', async () => {
      const header = `X-Tenant-Id: ${idOf('acme')}`;
      expect(await send('Host: poctracker.com', header)).toMatch(/^HTTP\/1\.1 200 /);
      expect(await send('Host: poctracker.com', header, `x-tenant-id: ${idOf('globex')}`)).toMatch(/^HTTP\/1\.1 400 /);
    });
  });
});
