import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createTestDatabase, redisUrl, type TestDatabase } from '@poc-tracker/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from './app.setup.js';
import { testConfig } from './config/test-config.js';
import type { HealthResponse } from './observability/health.response.js';

let database: TestDatabase;
let app: NestFastifyApplication | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  await database.drop();
});

async function serve(env: NodeJS.ProcessEnv = {}): Promise<NestFastifyApplication> {
  app = await createApp(testConfig(database, env));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

async function read<T>(url: string): Promise<{ status: number; body: T }> {
  const answer = await app!.inject({ method: 'GET', url });
  return { status: answer.statusCode, body: answer.json<T>() };
}

describe('the whole service', () => {
  it('is healthy on a real database and a real Redis, and reports both', async () => {
    await serve({ REDIS_URL: redisUrl() });
    await expect
      .poll(async () => (await read<HealthResponse>('/health')).body.status, { timeout: 10_000 })
      .toBe('healthy');
    const { status, body } = await read<HealthResponse>('/health');
    expect(status).toBe(200);
    expect(body.services).toMatchObject({
      database: {
        healthy: true,
        version: expect.stringMatching(/^\d+\.\d+/),
        pool: { max: 10 },
      },
      redis: { healthy: true, mode: 'server', usedMemoryBytes: expect.any(Number) },
      tenant_resolution: { healthy: true },
      jwt_signing: { healthy: true },
    });
  });

  it('is healthy without any Redis', async () => {
    await serve();
    expect((await read<HealthResponse>('/health')).body).toMatchObject({
      status: 'healthy',
      services: { redis: { healthy: true, mode: 'embedded' } },
    });
  });

  it('is degraded, and starts and answers, with a Redis that is not there', async () => {
    await serve({ REDIS_URL: 'redis://127.0.0.1:1' });
    expect(await read<HealthResponse>('/health')).toMatchObject({
      status: 200,
      body: { status: 'degraded', services: { redis: { healthy: false } } },
    });
  });

  it('stays alive and answers 503 in the error format when its database is gone', async () => {
    await serve();
    await database.drop();
    expect(await read('/health')).toMatchObject({ status: 503, body: { status: 'unhealthy' } });
    // The write probe notices it within two seconds.
    await expect
      .poll(() => read('/health/ready'), { timeout: 5_000 })
      .toMatchObject({ status: 503, body: { status: 'unhealthy' } });
    expect(await read('/health/live')).toMatchObject({ status: 200, body: { status: 'healthy' } });
    const login = await app!.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { host: 'acme.poctracker.com' },
      payload: { email: 'ana@acme.example', password: 'quatro cavalos pastam longe' },
    });
    expect([login.statusCode, login.json<{ code: string }>().code]).toEqual([
      503,
      'SERVICE_UNAVAILABLE',
    ]);
    expect(login.body).not.toMatch(/database|test_|stack/);
  });

  it('serves its documentation', async () => {
    await serve();
    expect((await app!.inject({ method: 'GET', url: '/docs' })).body).toContain('swagger-ui');
    expect((await read<{ openapi: string }>('/docs-json')).body.openapi).toBe('3.1.0');
  });

  it('serves no documentation if that is switched off', async () => {
    await serve({ API_DOCS: 'off' });
    for (const url of ['/docs', '/docs/', '/docs-json', '/docs/swagger-ui-bundle.js'])
      expect((await read(url)).status, url).toBe(404);
  });
});
