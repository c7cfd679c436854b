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

  @Get('unstated')
  unstated(): string {
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

const sessionStatus = new FakeSessionStatus();

@Module({
  imports: [
    AuthKitModule.forRoot({ ...PARTIES, keys: ring, sessionStatus: { useValue: sessionStatus } }),
  ],
  controllers: [TestController],
  providers: [
    { provide: APP_GUARD, useExisting: JwtAuthGuard },
    { provide: APP_GUARD, useExisting: PolicyGuard },
    { provide: APP_FILTER, useClass: CodeFilter },
  ],
})
class TestModule {}

describe('AuthKitModule in a Nest application on Fastify', () => {
  let app: NestFastifyApplication;
  const { rights } = sessionStatus;

  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(TestModule, new FastifyAdapter(), {
      logger: false,
    });
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  beforeEach(() => {
    sessionStatus.rights = rights;
    sessionStatus.refusal = undefined;
  });

  async function call(url: string, token?: string, method: 'GET' | 'POST' = 'GET') {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await app.inject({ method, url, headers });
    return { status: response.statusCode, text: response.body, code: codeOf(response.body) };
  }

  it('allows a public route without a token and with an invalid one', async () => {
    expect(await call('/open')).toMatchObject({ status: 200, text: OPENED });
    expect(await call('/open', 'nonsense')).toMatchObject({ status: 200, text: OPENED });
  });

  it.each(['/me', '/admin', '/video', '/unstated'])('requires a token at %s', async (url) => {
    expect(await call(url)).toMatchObject({ status: 401, code: 'TOKEN_REQUIRED' });
    expect(await call(url, 'nonsense')).toMatchObject({ status: 401, code: 'INVALID_TOKEN' });
  });

  it('passes the principal and the tenant to the handler', async () => {
    const userId = '3f0c7a9e-8a44-4f1c-9b57-0f3a8c1f2d10';
    const { text: body } = await call('/me', genuine({ sub: userId }));
    expect(JSON.parse(body)).toEqual({ userId, role: 'user', subdomain: TENANT.subdomain });
  });

  it('refuses @CurrentUser() on a public route, which has no principal', async () => {
    expect(await call('/mistaken', genuine())).toMatchObject({
      status: 401,
      code: 'AUTH_REQUIRED',
    });
  });

  it('uses the role of the session status instead of the one in the token', async () => {
    expect(await call('/admin', genuine({ user_role: 'admin' }))).toMatchObject({ status: 403 });
    sessionStatus.rights = { ...rights, role: 'admin' };
    expect(await call('/admin', genuine())).toMatchObject({ status: 200, text: OPENED });
  });

  it('uses the permissions of the session status instead of those in the token', async () => {
    const url = '/users/1/role';
    const token = genuine({ permissions: ['manage_users'] });
    expect(await call(url, token, 'POST')).toMatchObject({
      status: 403,
      code: 'INSUFFICIENT_PERMISSIONS',
    });
    sessionStatus.rights = { ...rights, permissions: ['manage_users'] };
    expect(await call(url, token, 'POST')).toMatchObject({ status: 201, text: OPENED });
  });

  it('uses the features of the session status instead of the plan in the token', async () => {
    const token = genuine({ plan_type: 'enterprise' });
    expect(await call('/video', token)).toMatchObject({
      status: 403,
      code: 'FEATURE_NOT_AVAILABLE',
    });
    const features = effectiveFeatures('basic', { video_generation: true });
    sessionStatus.rights = { ...rights, tenant: { ...TENANT, features } };
    expect(await call('/video', token)).toMatchObject({ status: 200, text: OPENED });
  });

  it('refuses a route without a policy for every user', async () => {
    sessionStatus.rights = { ...rights, role: 'admin' };
    expect(await call('/unstated', genuine())).toMatchObject({
      status: 403,
      code: 'INSUFFICIENT_PERMISSIONS',
    });
  });

  it('refuses a revoked session at the next request', async () => {
    const token = genuine();
    expect(await call('/me', token)).toMatchObject({ status: 200 });
    sessionStatus.refusal = new ApiError('TOKEN_REVOKED');
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
  ])('refuses the protected route when its path is written as %s', async (target) => {
    for (const authorization of [undefined, `Bearer ${genuine()}`]) {
      const answer = await overTheWire(
        target,
        ...(authorization ? [`Authorization: ${authorization}`] : []),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toContain(OPENED);
    }
  });

  it('refuses two Authorization headers on the wire, even if the first is valid', async () => {
    const header = `Authorization: Bearer ${genuine()}`;
    expect(await overTheWire('/me', header)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await overTheWire('/me', header, header)).toMatch(/^HTTP\/1\.1 401 [^]*"INVALID_TOKEN"/);
    expect(await overTheWire('/me', header, 'authorization: Bearer x')).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('documents the bearer scheme once for each route that is not public', () => {
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
      '/unstated': undefined,
      '/mistaken': undefined,
    });
  });

  /** Sends the request line and the headers unchanged, which HTTP clients would normalize. */
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
