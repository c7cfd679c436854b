import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CurrentUser } from './policy/principal.decorators.js';
import type { Principal } from './policy/principal.js';
import { Authenticated, Permissions, RequireFeature } from './policy/route-policy.js';
import { type SignedIn, TestIssuer } from './testing.js';

const issuer = new TestIssuer();

@Controller()
class CatsController {
  @Get('mine')
  @Authenticated()
  mine(@CurrentUser() { userId, tenantId, sessionId }: Principal): object {
    return { userId, tenantId, sessionId };
  }

  @Get('reports')
  @Permissions('view_usage')
  @RequireFeature('advanced_analytics')
  reports(): object {
    return {};
  }
}

@Module({ imports: [issuer.module()], controllers: [CatsController] })
class CatsModule {}

let app: NestFastifyApplication;

beforeAll(async () => {
  app = await NestFactory.create<NestFastifyApplication>(CatsModule, new FastifyAdapter(), {
    logger: false,
  });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(async () => {
  await app.close();
});

async function get(path: string, token?: string): Promise<Record<string, unknown>> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { statusCode, ...response } = await app.inject({ method: 'GET', url: `/${path}`, headers });
  return { status: statusCode, headers: response.headers, ...response.json<object>() };
}

describe('TestIssuer', () => {
  it('signs users in, and returns the ids of the principal', async () => {
    const { token, ...ids }: SignedIn = issuer.signIn({ role: 'manager' });
    expect(await get('mine', token)).toMatchObject({ status: 200, ...ids });
  });

  it('applies the role, permissions, plan and features of a user', async () => {
    const subject = { role: 'viewer', permissions: ['view_usage'] } as const;
    const granted = issuer.signIn({ ...subject, features: { advanced_analytics: true } });
    expect(await get('reports', granted.token)).toMatchObject({ status: 200 });
    const byPlan = issuer.signIn({ role: 'admin', plan: 'enterprise' });
    expect(await get('reports', byPlan.token)).toMatchObject({ status: 200 });
    expect(await get('reports', issuer.signIn(subject).token)).toMatchObject({
      status: 403,
      code: 'FEATURE_NOT_AVAILABLE',
    });
    expect(await get('reports', issuer.signIn({ plan: 'enterprise' }).token)).toMatchObject({
      code: 'INSUFFICIENT_PERMISSIONS',
    });
  });

  it('changes and revokes sessions without a new token', async () => {
    const { token, sessionId } = issuer.signIn({ role: 'admin', plan: 'enterprise' });
    issuer.change(sessionId, { role: 'viewer' });
    expect(await get('reports', token)).toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' });
    issuer.revoke({ sessionId });
    expect(await get('mine', token)).toMatchObject({ status: 401, code: 'TOKEN_REVOKED' });
  });

  it('refuses tokens of another issuer, and requests without a token', async () => {
    const { token } = new TestIssuer().signIn({ role: 'admin' });
    const foreign = await get('mine', token);
    expect(foreign).toMatchObject({ status: 401, code: 'INVALID_TOKEN' });
    expect(foreign['headers']).toMatchObject({
      'cache-control': 'no-store',
      'www-authenticate': expect.stringContaining('error="invalid_token"') as string,
    });
    expect(foreign).not.toHaveProperty('cause');
    expect(await get('mine')).toMatchObject({ status: 401, code: 'TOKEN_REQUIRED' });
  });
});
