import { SessionStatusService } from '@poc-tracker/auth-kit';
import type { ErrorBody } from '@poc-tracker/contracts';
import {
  createTestDatabase,
  seedTenant,
  seedUser,
  type SeededTenant,
  type SeededUser,
  type TestDatabase,
} from '@poc-tracker/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { InjectOptions } from 'fastify';
import { createApp } from '../../apps/auth-service/src/app.setup.js';
import { testConfig } from '../../apps/auth-service/src/config/test-config.js';

export interface Answer<T = unknown> {
  status: number;
  headers: Record<string, unknown>;
  /** The content of the envelope; undefined for an error. */
  data: T;
  /** The whole body of an error. */
  error: ErrorBody;
  text: string;
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

export interface Login {
  user: Record<string, unknown> & { id: string };
  tokens: Tokens;
}

interface Call {
  host?: string;
  token?: string;
  body?: unknown;
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

/** A password that satisfies every password policy. */
export const GOOD_PASSWORD = 'quatro cavalos pastam longe';

/** The service on its own database, called without a network. */
export class ServiceFixture {
  private constructor(
    readonly database: TestDatabase,
    readonly app: NestFastifyApplication,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(
    env: NodeJS.ProcessEnv = {},
    database?: TestDatabase,
  ): Promise<ServiceFixture> {
    const db = database ?? (await createTestDatabase());
    const app = await createApp(testConfig(db, env));
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return new ServiceFixture(db, app, env);
  }

  /** Wraps an initialized application that a spec has created itself. */
  static async around(
    database: TestDatabase,
    app: NestFastifyApplication,
  ): Promise<ServiceFixture> {
    await app.getHttpAdapter().getInstance().ready();
    return new ServiceFixture(database, app, {});
  }

  /** Starts another instance on the same database, which shares no memory with this one. */
  async restarted(): Promise<ServiceFixture> {
    return ServiceFixture.start(this.env, this.database);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }

  async call<T = unknown>(
    method: InjectOptions['method'],
    path: string,
    call: Call = {},
  ): Promise<Answer<T>> {
    const response = await this.app.inject({
      method: method ?? 'GET',
      url: `/api/v1${path}`,
      headers: {
        ...(call.host !== undefined && { host: call.host }),
        ...(call.token !== undefined && { authorization: `Bearer ${call.token}` }),
        ...call.headers,
      },
      ...(call.query !== undefined && { query: call.query }),
      ...(call.body !== undefined && { payload: call.body as object }),
    });
    const body = (response.payload === '' ? {} : response.json()) as { data: T };
    return {
      status: response.statusCode,
      headers: response.headers,
      data: body.data,
      error: body as unknown as ErrorBody,
      text: response.payload,
    };
  }

  async tenant(
    overrides: Parameters<typeof seedTenant>[1] = {},
  ): Promise<SeededTenant & { host: string }> {
    const tenant = await seedTenant(this.database, overrides);
    return { ...tenant, host: `${tenant.subdomain}.localhost` };
  }

  async user(
    tenantId: string,
    overrides: Parameters<typeof seedUser>[2] = {},
  ): Promise<SeededUser> {
    return seedUser(this.database, tenantId, overrides);
  }

  /** Logs in and returns the answer. @throws Error if the log-in is refused. */
  async login(
    host: string,
    { email, password }: { email: string; password: string },
  ): Promise<Login> {
    const answer = await this.call<Login>('POST', '/auth/login', {
      host,
      body: { email, password },
    });
    if (answer.status !== 200) throw new Error(`Log-in answered ${answer.status}: ${answer.text}`);
    return answer.data;
  }

  /** Refreshes without a host, so that only the token names the tenant. The data are the tokens alone. */
  async refresh(refreshToken: string): Promise<Answer<Tokens>> {
    const answer = await this.call<Login | undefined>('POST', '/auth/refresh', {
      body: { refreshToken },
    });
    return { ...answer, data: answer.data?.tokens as Tokens };
  }

  /** Returns `accepted` for an accepted token, otherwise the error code. */
  async probe(token: string): Promise<string> {
    const answer = await this.call('GET', '/auth/me', { token });
    return answer.status === 200 ? 'accepted' : answer.error.code;
  }

  /**
   * Leaves a scheduled job to the spec. The service polls it for the first time ten seconds after the start, which may be
   * in the middle of a test that runs it itself.
   */
  async holdJob(name: string): Promise<void> {
    await this.database.sql(
      'INSERT INTO scheduled_jobs (name, started_at) VALUES ($1, now()) ON CONFLICT DO NOTHING',
      [name],
    );
  }

  /** Runs SQL as the superuser, to arrange and to check. Its changes take effect at once, not within 100 ms. */
  async sql<Row>(text: string, params: unknown[] = []): Promise<Row[]> {
    try {
      return await this.database.sql<Row>(text, params);
    } finally {
      this.app.get(SessionStatusService).invalidate();
    }
  }
}
