import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Module,
  Post,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { ApiError, effectiveFeatures, type TenantSnapshot } from '@poc-tracker/contracts';
import type { FastifyReply } from 'fastify';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeSessionStatus } from '../test/requests.js';
import { genuine, PARTIES, ring, TENANT } from '../test/token-forge.js';
import { AuthKitModule } from './auth-kit.module.js';
import { JwtAuthGuard } from './policy/jwt-auth.guard.js';
import { PolicyGuard } from './policy/policy.guard.js';
import { CurrentTenant, CurrentUser } from './policy/principal.decorators.js';
import type { Principal } from './policy/principal.js';
import {
  Authenticated,
  Permissions,
  Public,
  RequireFeature,
  Roles,
} from './policy/route-policy.js';

const OPENED = 'the handler ran';

@Controller()
class TestController {
  @Public()
  @Get('open')
  open(): string {
    return OPENED;
  }

  @Authenticated()
  @Get('me')
  me(
    @CurrentUser() { userId, role }: Principal,
    @CurrentTenant() { subdomain }: TenantSnapshot,
  ): object {
    return { userId, role, subdomain };
  }

  @Roles('admin')
  @Get('admin')
  admin(): string {
    return OPENED;
  }

  @Permissions('manage_users')
  @Post('users/:userId/role')
  assignRole(): string {
    return OPENED;
  }

  @Roles('user', 'admin')
  @RequireFeature('video_generation')
  @Get('video')
  video(): string {
    return OPENED;
  }

  @Get('forgotten')
  forgotten(): string {
    return OPENED;
  }

  @Public()
  @Get('mistaken')
  mistaken(@CurrentUser() principal: Principal): object {
    return principal;
  }
}

@Catch(ApiError)
class CodeFilter implements ExceptionFilter<ApiError> {
  catch({ code, status, details }: ApiError, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().code(status).send({ code, details });
  }
}

const feed = new FakeSessionStatus();

@Module({
  imports: [AuthKitModule.forRoot({ ...PARTIES, keys: ring, sessionStatus: { useValue: feed } })],
  controllers: [TestController],
  providers: [
    { provide: APP_GUARD, useExisting: JwtAuthGuard },
    { provide: APP_GUARD, useExisting: PolicyGuard },
    { provide: APP_FILTER, useClass: CodeFilter },
  ],
})
class TestModule {}

describe('A Nest application on Fastify with AuthKitModule', () => {
  let app: NestFastifyApplication;
  const { rights } = feed;

  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(TestModule, new FastifyAdapter(), {
      logger: false,
    });
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  beforeEach(() => {
    feed.rights = rights;
    feed.refusal = undefined;
  });

  async function call(url: string, token?: string, method: 'GET' | 'POST' = 'GET') {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await app.inject({ method, url, headers });
    return { status: response.statusCode, text: response.body, code: codeOf(response.body) };
  }

  it('answers a public route without a token, and with a bad one', async () => {
    expect(await call('/open')).toMatchObject({ status: 200, text: OPENED });
    expect(await call('/open', 'nonsense')).toMatchObject({ status: 200, text: OPENED });
  });

  it.each(['/me', '/admin', '/video', '/forgotten'])('asks for a token at %s', async (url) => {
    expect(await call(url)).toMatchObject({ status: 401, code: 'TOKEN_REQUIRED' });
    expect(await call(url, 'nonsense')).toMatchObject({ status: 401, code: 'INVALID_TOKEN' });
  });

  it('hands the person and the tenant to the handler', async () => {
    const userId = '3f0c7a9e-8a44-4f1c-9b57-0f3a8c1f2d10';
    const { text: body } = await call('/me', genuine({ sub: userId }));
    expect(JSON.parse(body)).toEqual({ userId, role: 'user', subdomain: TENANT.subdomain });
  });

  it('refuses the signed-in person on a public route, where nobody is known', async () => {
    expect(await call('/mistaken', genuine())).toMatchObject({
      status: 401,
      code: 'AUTH_REQUIRED',
    });
  });

  it('goes by the role of the feed, not by that of the token', async () => {
    expect(await call('/admin', genuine({ user_role: 'admin' }))).toMatchObject({ status: 403 });
    feed.rights = { ...rights, role: 'admin' };
    expect(await call('/admin', genuine())).toMatchObject({ status: 200, text: OPENED });
  });

  it('goes by the permissions of the feed', async () => {
    const url = '/users/1/role';
    const token = genuine({ permissions: ['manage_users'] });
    expect(await call(url, token, 'POST')).toMatchObject({
      status: 403,
      code: 'INSUFFICIENT_PERMISSIONS',
    });
    feed.rights = { ...rights, permissions: ['manage_users'] };
    expect(await call(url, token, 'POST')).toMatchObject({ status: 201, text: OPENED });
  });

  it('goes by the features of the feed', async () => {
    const token = genuine({ plan_type: 'enterprise' });
    expect(await call('/video', token)).toMatchObject({
      status: 403,
      code: 'FEATURE_NOT_AVAILABLE',
    });
    const features = effectiveFeatures('basic', { video_generation: true });
    feed.rights = { ...rights, tenant: { ...TENANT, features } };
    expect(await call('/video', token)).toMatchObject({ status: 200, text: OPENED });
  });

  it('refuses a route that states no policy for everybody', async () => {
    feed.rights = { ...rights, role: 'admin' };
    expect(await call('/forgotten', genuine())).toMatchObject({
      status: 403,
      code: 'INSUFFICIENT_PERMISSIONS',
    });
  });

  it('refuses a revoked session at the next request', async () => {
    const token = genuine();
    expect(await call('/me', token)).toMatchObject({ status: 200 });
    feed.refusal = new ApiError('TOKEN_REVOKED');
    expect(await call('/me', token)).toMatchObject({ status: 401, code: 'TOKEN_REVOKED' });
  });

  it.each([
    '/%61dmin',
    '/%61%64%6d%69%6e',
    '/%2561dmin',
    '//admin',
    '/admin/',
    '/admin//',
    '/ADMIN',
    '/Admin',
    '/admin;x',
    '/admin;x=/open',
    '/admin?x=/open',
    '/admin%3Fx',
    '/admin%00',
    '/admin%20',
    '/admin%2f',
    '/./admin',
    '/open/../admin',
    '/open/..%2fadmin',
    '/open%2f..%2fadmin',
    '/admin#/open',
    '/admin\\',
    'http://localhost/admin',
    'http://evil.test//admin',
  ])('does not open the protected route under the spelling %s', async (target) => {
    for (const authorization of [undefined, `Bearer ${genuine()}`]) {
      const answer = await overTheWire(
        target,
        ...(authorization ? [`Authorization: ${authorization}`] : []),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toContain(OPENED);
    }
  });

  it('refuses two Authorization headers on the wire, also when the first is good', async () => {
    const header = `Authorization: Bearer ${genuine()}`;
    expect(await overTheWire('/me', header)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await overTheWire('/me', header, header)).toMatch(/^HTTP\/1\.1 401 [^]*"INVALID_TOKEN"/);
    expect(await overTheWire('/me', header, 'authorization: Bearer x')).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('states the bearer scheme once in the OpenAPI document of each route that is not public', () => {
    const { paths } = SwaggerModule.createDocument(
      app,
      new DocumentBuilder().addBearerAuth().build(),
    );
    const schemes = Object.fromEntries(
      Object.entries(paths).map(([path, item]) => [path, (item.get ?? item.post)?.security]),
    );
    expect(schemes).toEqual({
      '/open': undefined,
      '/me': [{ bearer: [] }],
      '/admin': [{ bearer: [] }],
      '/users/{userId}/role': [{ bearer: [] }],
      '/video': [{ bearer: [] }],
      '/forgotten': undefined,
      '/mistaken': undefined,
    });
  });

  /** Sends the request line and the headers as they are; clients would tidy them up first. */
  async function overTheWire(target: string, ...headers: string[]): Promise<string> {
    const { port } = app.getHttpServer().address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    const lines = [`GET ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return text(socket);
  }
});

function codeOf(body: string): unknown {
  return body.startsWith('{') ? (JSON.parse(body) as { code?: unknown }).code : undefined;
}
