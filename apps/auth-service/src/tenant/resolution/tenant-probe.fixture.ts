import { randomUUID } from 'node:crypto';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Query,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Principal } from '@poc-tracker/auth-kit';
import {
  registerRequestContext,
  TenancyModule,
  TenantDatabase,
  TenantInterceptor,
} from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { IsIn } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import pg from 'pg';
import { AuditModule } from '../../audit/audit.module.js';
import { APP_CONFIG } from '../../config/app-config.js';
import { testConfig } from '../../config/test-config.js';
import { ConfigModule, createHttpApp, createLogger } from '@poc-tracker/http-service';
import { ScheduleModule } from '../../schedule/schedule.module.js';
import { ResolvedTenant } from './resolved-tenant.decorator.js';
import { StubAuthModule } from '../stub-auth.fixture.js';
import { TENANT_ENTITIES } from '../tenant.entity.js';
import { TenantGuard } from './tenant.guard.js';
import { RedisModule } from '../../redis/redis.module.js';
import { TenantModule } from '../tenant.module.js';
import { Tenantless } from './tenantless.decorator.js';
import { toApiError } from '../../constraint-codes.js';

class StrictQuery {
  @IsIn(['yes', undefined])
  strict?: string;
}

const WHAT_THE_DATABASE_KNOWS = `
  SELECT current_setting('app.current_tenant_id', true) AS tenant, current_setting('app.current_user_id', true) AS user,
         current_setting('app.user_role', true) AS role, (SELECT array_agg(subdomain::text) FROM tenants) AS visible`;

@Controller()
class ProbeController {
  constructor(private readonly database: TenantDatabase) {}

  @Get('probe')
  async probe(
    @ResolvedTenant() tenant: { subdomain: string },
    @Query() query: StrictQuery,
  ): Promise<unknown> {
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

/** Replaces JwtAuthGuard: the principal is the one that the test sets. */
@Injectable()
export class StubAuthGuard implements CanActivate {
  static principal: Principal | undefined;

  canActivate(context: ExecutionContext): boolean {
    const { principal } = StubAuthGuard;
    if (principal !== undefined)
      context.switchToHttp().getRequest<FastifyRequest>().principal = principal;
    return true;
  }
}

async function createProbe(
  db: TestDatabase,
  env: NodeJS.ProcessEnv = {},
): Promise<NestFastifyApplication> {
  const config = testConfig(db, env);
  const { serviceUrl, platformUrl, poolMin, poolMax, tls } = config.database;
  @Module({
    imports: [
      ConfigModule.of(APP_CONFIG, config),
      TenancyModule.forRoot({
        serviceUrl,
        platformUrl,
        poolMin,
        poolMax,
        tls,
        requestTimeoutMs: 5_000,
        naming: config.tenancy,
        entities: TENANT_ENTITIES,
      }),
      AuditModule,
      StubAuthModule,
      ScheduleModule,
      RedisModule.forRoot(undefined),
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
    settings: config.http,
    logger: createLogger(config.logLevel),
    requestId: randomUUID,
    translateError: toApiError,
    prepare: registerRequestContext,
  });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

/**
 * Tenants `acme`, `globex`, `asleep` (suspended) and `gone` (canceled) with domains of their own, behind controllers that
 * tell which tenant they were called for.
 */
export class TenantProbe {
  private readonly apps: NestFastifyApplication[] = [];

  private constructor(
    private readonly db: TestDatabase,
    private readonly ids: Record<string, string>,
  ) {}

  static async start(): Promise<TenantProbe> {
    const db = await createTestDatabase();
    const ids: Record<string, string> = {};
    const seed = async (subdomain: string, status: string, custom_domain: string | null) => {
      const branding = { logo_url: null, primary_color: '#2563eb', custom_domain };
      ids[subdomain] = (await seedTenant(db, { subdomain, status, branding })).tenantId;
    };
    await seed('acme', 'active', 'Login.Acme.example');
    await seed('globex', 'active', 'globex.example');
    await seed('asleep', 'suspended', 'asleep.example');
    await seed('gone', 'active', 'gone.example');
    const admin = new pg.Client({ connectionString: db.adminUrl });
    await admin.connect();
    await admin.query(`UPDATE tenants SET status = 'canceled' WHERE subdomain = 'gone'`);
    await admin.end();
    return new TenantProbe(db, ids);
  }

  /** Another instance of the service on the same database, stopped with the probe. */
  async app(env: NodeJS.ProcessEnv = {}): Promise<NestFastifyApplication> {
    const app = await createProbe(this.db, env);
    this.apps.push(app);
    return app;
  }

  idOf(subdomain: string): string {
    return this.ids[subdomain] ?? '';
  }

  async stop(): Promise<void> {
    for (const app of this.apps) await app.close();
    await this.db.drop();
  }
}

/** Sends a GET to the host poctracker.com, unless the headers name another. */
export async function get(
  app: NestFastifyApplication,
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; code?: string; data?: unknown; details?: unknown }> {
  const response = await app.inject({
    method: 'GET',
    url: `/api/v1/${url}`,
    headers: { host: 'poctracker.com', ...headers },
  });
  return { status: response.statusCode, ...response.json<object>() };
}

/**
 * What `GET /probe` answers for a tenant: named by the guard, and the only one that the database
 * shows.
 */
export function answerOf(subdomain: string, known: object = {}): object {
  return { status: 200, data: { resolved: subdomain, known: { visible: [subdomain], ...known } } };
}
