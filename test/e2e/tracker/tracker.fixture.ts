import type { ErrorBody, FeatureSet, Permission, Role, UserStatus } from '@poc-tracker/contracts';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../../apps/poc-tracker/src/app.setup.js';
import { testTrackerConfig } from '../../../apps/poc-tracker/src/config/test-config.js';
import { genuine, trusted } from '../../../libs/auth-kit/test/token-forge.js';

export interface TrackerAnswer<T = Record<string, unknown>> {
  status: number;
  headers: IncomingHttpHeaders;
  /** The content of the envelope. */
  data: T;
  error: ErrorBody;
  bytes: Buffer;
}

export interface TrackerCall {
  token?: string | undefined;
  host?: string | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent unchanged, with its length. */
  bytes?: Buffer | undefined;
  headers?: Record<string, string>;
}

export interface UserRecord {
  userId: string;
  tenantId: string;
  host: string;
  role: Role;
  sessionId: string;
  token: string;
}

/**
 * The tracker on a real port, because the tests send bodies and read streams, on a database with logged-in users. It
 * trusts the key of the tests. Other specs run it with tokens of the service.
 */
export class TrackerFixture {
  private constructor(
    readonly database: TestDatabase,
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(
    env: NodeJS.ProcessEnv = {},
    existing?: { database: TestDatabase; folder: string },
  ): Promise<TrackerFixture> {
    const database = existing?.database ?? (await createTestDatabase());
    const folder = existing?.folder ?? mkdtempSync(join(tmpdir(), 'poc-tracker-files-'));
    const app = await createApp(
      testTrackerConfig(database, [trusted.publicKey], {
        STORAGE_DIR: folder,
        MAX_UPLOAD_MB: '8',
        ...env,
      }),
    );
    await app.listen(0, '127.0.0.1');
    return new TrackerFixture(database, app, await app.getUrl(), folder, env);
  }

  /** Starts another tracker on the same database and folder. */
  async another(): Promise<TrackerFixture> {
    return TrackerFixture.start(this.env, this);
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.database.drop();
    rmSync(this.folder, { recursive: true });
  }

  /** Stops the application and keeps its database and folder. */
  async leave(): Promise<void> {
    await this.app.close();
  }

  async tenant(
    overrides: Parameters<typeof seedTenant>[1] = {},
  ): Promise<{ tenantId: string; host: string }> {
    const { tenantId, subdomain } = await seedTenant(this.database, {
      maxUsers: 100,
      ...overrides,
    });
    return { tenantId, host: `${subdomain}.localhost` };
  }

  /** Creates a logged-in user in the given tenant or in a new one. */
  async user(
    options: {
      role?: Role;
      permissions?: Permission[];
      status?: UserStatus;
      tenant?: { tenantId: string; host: string };
      features?: Partial<FeatureSet>;
    } = {},
  ): Promise<UserRecord> {
    const { role = 'user', permissions, status, features } = options;
    const { tenantId, host } = options.tenant ?? (await this.tenant(features && { features }));
    const { userId } = await seedUser(this.database, tenantId, {
      role,
      ...(permissions && { permissions }),
      ...(status && { status }),
    });
    return this.session({ tenantId, host, userId, role });
  }

  /** Opens another session of a user. */
  async session({
    tenantId,
    host,
    userId,
    role,
  }: Omit<UserRecord, 'sessionId' | 'token'>): Promise<UserRecord> {
    const sessionId = await this.logIn(tenantId, userId);
    const token = genuine({
      sub: userId,
      tenant_id: tenantId,
      session_id: sessionId,
      user_role: role,
    });
    return { userId, tenantId, host, role, sessionId, token };
  }

  async revoke({ sessionId }: UserRecord): Promise<void> {
    await this.sql('UPDATE user_sessions SET is_active = false WHERE id = $1', [sessionId]);
  }

  /** Runs SQL as the superuser, to arrange and to check. */
  sql<Row>(text: string, params: unknown[] = []): Promise<Row[]> {
    return this.database.sql<Row>(text, params);
  }

  private async logIn(tenantId: string, userId: string): Promise<string> {
    const sessionId = randomUUID();
    await this.sql(
      `INSERT INTO user_sessions (tenant_id, id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + interval '1 hour')`,
      [tenantId, sessionId, userId, randomBytes(32), randomBytes(32)],
    );
    return sessionId;
  }

  async set(tenantId: string, settings: Record<string, boolean>): Promise<void> {
    await this.sql(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'features', $2)
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = $2`,
      [tenantId, JSON.stringify(settings)],
    );
  }

  async poc(author: UserRecord, fields: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.call<{ id: string }>('POST', '/pocs', {
      token: author.token,
      body: { title: 'Cold-proof sensor', ...fields },
    });
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.bytes.toString()}`);
    return answer.data.id;
  }

  upload(
    user: UserRecord,
    pocId: string,
    bytes: Buffer,
    { name = 'report.pdf', type = 'application/pdf' } = {},
  ): Promise<TrackerAnswer<{ id: string; sha256: string; size: number }>> {
    return this.call('POST', `/pocs/${pocId}/files?name=${encodeURIComponent(name)}`, {
      token: user.token,
      bytes,
      headers: { 'content-type': type },
    });
  }

  async usage(tenantId: string): Promise<{ pocs: number; bytes: number }> {
    const [row] = await this.sql<{ pocs: number; bytes: string }>(
      'SELECT poc_count AS pocs, storage_bytes AS bytes FROM tenant_usage WHERE tenant_id = $1',
      [tenantId],
    );
    return { pocs: row?.pocs ?? NaN, bytes: Number(row?.bytes) };
  }

  /** Returns the relative paths of all files in the folder. */
  stored(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  }

  /** Does not use fetch(), which sets Host and the content length itself. */
  call<T = Record<string, unknown>>(
    method: string,
    path: string,
    { token, host, body, bytes, headers = {} }: TrackerCall = {},
  ): Promise<TrackerAnswer<T>> {
    const payload = bytes ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        `${this.url}/api/v1${path}`,
        {
          method,
          agent: false,
          headers: {
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(host !== undefined && { host }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...(payload && { 'content-length': payload.length }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const all = Buffer.concat(chunks);
            const parsed = parse(all);
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              data: (parsed as { data: T }).data,
              error: parsed as ErrorBody,
              bytes: all,
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return {};
  }
}
