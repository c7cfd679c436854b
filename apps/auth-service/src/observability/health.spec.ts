import { Logger, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { DatabaseTenantLookup, type TenantDatabase, TenantResolver } from '@poc-tracker/tenancy';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpApp, HealthService } from '@poc-tracker/http-service';
import type { HealthCheckName, ServiceCheck } from './health-check.js';
import { HealthController } from './health.controller.js';
import { JwtSigningCheck } from './jwt-signing.check.js';
import { RedisCheck } from './redis.check.js';
import { TenantResolutionCheck } from './tenant-resolution.check.js';

const SHARED_LIMITS = { assertShared: () => Promise.resolve() };

type Probe = ServiceCheck['probe'];

const PASSING: Record<HealthCheckName, Probe> = {
  database: () =>
    Promise.resolve({ version: '18.4', pool: { total: 10, idle: 9, waiting: 0, max: 100 } }),
  redis: () => Promise.resolve({ mode: 'server', usedMemoryBytes: 1_048_576 }),
  clock: () => Promise.resolve({}),
  tenant_resolution: () => Promise.resolve({}),
  jwt_signing: () => Promise.resolve({}),
};

const failing: Probe = () => Promise.reject(new Error('connect ECONNREFUSED'));

/** A health service with passing checks, except for those that are replaced. */
function healthWith(
  replaced: Partial<Record<HealthCheckName, Probe>> = {},
  healthDetails = true,
): HealthService<HealthCheckName> {
  const checks = Object.entries({ ...PASSING, ...replaced }).map(([name, probe]): ServiceCheck => ({
    name: name as HealthCheckName,
    critical: name !== 'redis' && name !== 'clock',
    neededToBeReady: name === 'database',
    probe,
  }));
  return new HealthService(checks, {
    version: '1.2.3',
    exposure: { docs: true, healthDetails },
  });
}

let warnings: string[];

beforeEach(() => {
  warnings = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(
    (message: unknown) => void warnings.push(String(message)),
  );
  vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the health report', () => {
  it('has the documented fields when all checks pass', async () => {
    const responseTime = expect.any(Number) as number;
    expect(await healthWith().report()).toEqual({
      status: 'healthy',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      version: '1.2.3',
      services: {
        database: {
          healthy: true,
          responseTime,
          version: '18.4',
          pool: { total: 10, idle: 9, waiting: 0, max: 100 },
        },
        redis: { healthy: true, responseTime, mode: 'server', usedMemoryBytes: 1_048_576 },
        clock: { healthy: true, responseTime },
        tenant_resolution: { healthy: true, responseTime },
        jwt_signing: { healthy: true, responseTime },
      },
    });
  });

  it('has no versions, sizes or names if the details are switched off', async () => {
    const report = await healthWith({}, false).report();
    const service = { healthy: true, responseTime: expect.any(Number) as number };
    expect(report).toEqual({
      status: 'healthy',
      timestamp: expect.any(String) as string,
      services: {
        database: service,
        redis: service,
        clock: service,
        tenant_resolution: service,
        jwt_signing: service,
      },
    });
  });

  it.each(['redis', 'clock'] as const)('is degraded without %s', async (name) => {
    const report = await healthWith({ [name]: failing }).report();
    expect([report.status, report.services[name].healthy]).toEqual(['degraded', false]);
  });

  it.each(['database', 'tenant_resolution', 'jwt_signing'] as const)(
    'is unhealthy without %s',
    async (name) => {
      const report = await healthWith({ [name]: failing, redis: failing }).report();
      expect([report.status, report.services[name].healthy]).toEqual(['unhealthy', false]);
    },
  );
});

describe('the health checks', () => {
  it('report the embedded mode when no Redis is configured', async () => {
    expect(await new RedisCheck({ client: undefined }, SHARED_LIMITS).probe()).toEqual({
      mode: 'embedded',
    });
  });

  it('resolve an unknown tenant id and fail on any result except INVALID_TENANT', async () => {
    const probe = (lookup: () => Promise<unknown[]>): Promise<unknown> => {
      const naming = { baseDomain: 'poctracker.com', defaultTenant: 'acme' };
      const source = new DatabaseTenantLookup({ lookup } as unknown as TenantDatabase);
      const resolver = new TenantResolver({ naming }, source);
      return new TenantResolutionCheck(resolver).probe();
    };
    expect(await probe(() => Promise.resolve([]))).toEqual({});
    await expect(probe(() => Promise.reject(new Error('permission denied')))).rejects.toThrow(
      'permission denied',
    );
    const found = new TenantResolutionCheck({
      resolve: () => Promise.resolve({} as TenantSnapshot),
    });
    await expect(found.probe()).rejects.toThrow('unknown id');
  });

  it('fail when the verified token is not the signed one, or when no token is accepted', async () => {
    const issuer = { accessToken: () => Promise.resolve({ token: 'signed', expiresIn: 900 }) };
    const other = { verify: () => ({ session_id: 'other' }) as never };
    await expect(new JwtSigningCheck(issuer, other).probe()).rejects.toThrow('not the one');
    const refusing = {
      verify: () => {
        throw new ApiError('INVALID_TOKEN');
      },
    };
    await expect(new JwtSigningCheck(issuer, refusing).probe()).rejects.toThrow('not valid');
  });
});

describe('the health routes', () => {
  let app: NestFastifyApplication;

  async function serve(health: HealthService<HealthCheckName>): Promise<void> {
    @Module({
      controllers: [HealthController],
      providers: [{ provide: HealthService, useValue: health }],
    })
    class HealthModule {}
    app = await createHttpApp(HealthModule, {
      settings: {
        host: '127.0.0.1',
        port: 0,
        trustedProxies: [],
        requestTimeoutMs: 1_000,
        shutdownDelayMs: 0,
      },
      logger: pino({ level: 'silent' }),
      requestId: randomUUID,
      translateError: () => undefined,
    });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  }

  async function statuses(): Promise<Record<string, [number, string]>> {
    const paths = ['/health', '/api/v1/health', '/health/live', '/health/ready'];
    const answers = await Promise.all(paths.map((url) => app.inject({ method: 'GET', url })));
    return Object.fromEntries(
      answers.map((answer, index) => [
        paths[index],
        [answer.statusCode, answer.json<{ status: string }>().status],
      ]),
    );
  }

  afterEach(async () => {
    await app.close();
  });

  it('return 200 while the service is healthy', async () => {
    await serve(healthWith());
    expect(await statuses()).toEqual({
      '/health': [200, 'healthy'],
      '/api/v1/health': [200, 'healthy'],
      '/health/live': [200, 'healthy'],
      '/health/ready': [200, 'healthy'],
    });
  });

  it('return 200 while the service is degraded', async () => {
    await serve(healthWith({ redis: failing }));
    expect(await statuses()).toMatchObject({
      '/health': [200, 'degraded'],
      '/health/ready': [200, 'healthy'],
    });
  });

  it('return 503 while the database is down, except for the liveness probe', async () => {
    await serve(healthWith({ database: failing }));
    expect(await statuses()).toEqual({
      '/health': [503, 'unhealthy'],
      '/api/v1/health': [503, 'unhealthy'],
      '/health/live': [200, 'healthy'],
      '/health/ready': [503, 'unhealthy'],
    });
  });
});
