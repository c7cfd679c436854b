import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectoryInUseError } from '@poc-tracker/embedded';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../apps/auth-service/src/config/app-config.js';
import { ConfigurationError } from '@poc-tracker/http-service';
import { mostConnections } from '@poc-tracker/tenancy';
import { findRunningStandalone } from './running-standalone.js';
import { prepareStandalone, type Standalone } from './standalone.environment.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'poc-tracker-standalone-'));
  // Started by root, the embedded server runs as another user, which has to reach its data.
  chmodSync(folder, 0o711);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function silently(): void {
  // Discards the progress lines.
}

async function query(url: string | undefined, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('prepareStandalone without settings', () => {
  const PUBLIC_URL = 'http://{tenant}.pocs.example';
  const lines: string[] = [];
  let env: NodeJS.ProcessEnv;
  let standalone: Standalone;

  beforeAll(async () => {
    env = { DATA_DIR: join(folder, 'data'), PORT: '0', TRACKER_PORT: '0', PUBLIC_URL };
    standalone = await prepareStandalone(env, (line) => void lines.push(line));
  });

  afterAll(async () => {
    await standalone.stop();
  });

  it('returns an environment from which the configuration loads', () => {
    const config = loadConfig(standalone.env);
    expect(config.tokens.privateKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(config.database.serviceUrl).toMatch(
      /^postgres:\/\/poc_tracker_service:.+@127\.0\.0\.1:\d+\/poc_tracker$/,
    );
  });

  it('returns a migrated database with the logins of the service and of operators, not of the owner', async () => {
    const columns =
      'SELECT current_user::text AS login, to_regclass($$user_sessions$$) IS NOT NULL AS migrated';
    expect(await query(standalone.env['DATABASE_URL'], columns)).toEqual([
      { login: 'poc_tracker_service', migrated: true },
    ]);
    expect(await query(standalone.env['PLATFORM_DATABASE_URL'], columns)).toEqual([
      { login: 'poc_tracker_platform', migrated: true },
    ]);
    expect(JSON.stringify(standalone.env)).not.toContain('poc_tracker_owner');
  });

  it('lets the command line find the database and the public address', () => {
    expect(findRunningStandalone(join(folder, 'data'))).toMatchObject({
      platformUrl: standalone.env['PLATFORM_DATABASE_URL'],
      publicUrl: PUBLIC_URL,
    });
  });

  it('gives the tracker its own login and a folder for files, but no key', async () => {
    const { tracker } = standalone;
    expect(tracker).toMatchObject({ PORT: '0', STORAGE_DIR: join(folder, 'data', 'files') });
    expect(await query(tracker?.['DATABASE_URL'], 'SELECT current_user::text AS login')).toEqual([
      { login: 'poc_tracker_tracker' },
    ]);
    expect(Object.keys(tracker ?? {}).filter((name) => /^JWT_|PLATFORM/.test(name))).toEqual([]);
  });

  it('starts a server that accepts the connections of the default pools', async () => {
    const [server] = await query(
      standalone.env['DATABASE_URL'],
      `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS accepted`,
    );
    const service = mostConnections({
      poolMax: loadConfig(standalone.env).database.poolMax,
      platformUrl: standalone.env['PLATFORM_DATABASE_URL'],
    });
    const tracker = mostConnections({
      poolMax: Number(standalone.tracker?.['DB_POOL_MAX']),
      login: 'tracker',
    });
    // Room for migrations, the command line and manual sessions.
    expect(server?.['accepted']).toBeGreaterThanOrEqual(service + tracker + 10);
  });

  it('prints what it does', () => {
    expect(lines).toEqual([
      expect.stringContaining('PostgreSQL'),
      expect.stringContaining('schema'),
    ]);
  });

  it('makes the data readable by its owner only', () => {
    const data = join(folder, 'data');
    const secrets = readdirSync(data).filter((name) => name !== 'postgres');
    expect(secrets).toContain('jwt-private-key.pem');
    for (const name of secrets) expect(statSync(join(data, name)).mode & 0o077, name).toBe(0);
    expect(statSync(join(data, 'postgres')).mode & 0o077).toBe(0);
  });

  it('refuses a data directory that another process uses, and does not disturb that process', async () => {
    await expect(prepareStandalone(env, silently)).rejects.toThrow(DataDirectoryInUseError);
    expect(await query(standalone.env['DATABASE_URL'], 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('reuses its data, keys and logins, and reports a first start only while there is no tenant', async () => {
    expect(standalone.firstStart).toBe(true);
    const tenant =
      "INSERT INTO tenants (id, name, subdomain) VALUES (gen_random_uuid(), 'Acme', 'acme')";
    await query(standalone.env['PLATFORM_DATABASE_URL'], tenant);
    await standalone.stop();
    const before = loadConfig(standalone.env);
    standalone = await prepareStandalone(env, silently);
    expect(standalone.firstStart).toBe(false);
    const after = loadConfig(standalone.env);
    expect(after.tokens.privateKey.equals(before.tokens.privateKey)).toBe(true);
    expect(after.tokens.refreshSecret).toEqual(before.tokens.refreshSecret);
    expect(new URL(after.database.serviceUrl).password).toBe(
      new URL(before.database.serviceUrl).password,
    );
    expect(
      await query(standalone.env['PLATFORM_DATABASE_URL'], 'SELECT subdomain FROM tenants'),
    ).toEqual([{ subdomain: 'acme' }]);
  });
});

describe('prepareStandalone', () => {
  it.each([
    ['a given database', { DATABASE_URL: 'postgres://service@db.internal/poc_tracker' }],
    ['production', { NODE_ENV: 'production' }],
  ])('generates nothing for %s', async (_name, settings) => {
    const env = { ...settings, DATA_DIR: join(folder, 'untouched') };
    const standalone = await prepareStandalone(env, silently);
    expect(standalone).toMatchObject({
      env,
      tracker: undefined,
      dataDirectory: undefined,
      firstStart: false,
    });
    await standalone.stop();
    expect(existsSync(env.DATA_DIR)).toBe(false);
  });

  it('refuses a wrong setting before it starts the database', async () => {
    const env = { DATA_DIR: join(folder, 'wrong'), PORT: 'eighty' };
    await expect(prepareStandalone(env, silently)).rejects.toThrow(ConfigurationError);
    expect(existsSync(join(env.DATA_DIR, 'postgres'))).toBe(false);
  });

  it('refuses a port that is in use before it starts the database, and says what to change', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const env = { DATA_DIR: join(folder, 'taken'), PORT: String(port), TRACKER_PORT: '0' };
    await expect(prepareStandalone(env, silently)).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is in use by another program. Stop that program, or choose another port: PORT=`,
    );
    squatter.close();
    expect(existsSync(join(env.DATA_DIR, 'postgres'))).toBe(false);
  });

  it('names TRACKER_PORT if the port of the tracker is in use, with an embedded and with a given database', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const refusal = `Port ${port} of 127.0.0.1 is in use by another program. Stop that program, or choose another port: TRACKER_PORT=`;
    const taken = { PORT: '0', TRACKER_PORT: String(port) };
    const given = {
      DATABASE_URL: 'postgres://service@db.internal/poc_tracker',
      TRACKER_DATABASE_URL: 'postgres://tracker@db.internal/poc_tracker',
    };
    await expect(
      prepareStandalone({ ...taken, DATA_DIR: join(folder, 'taken-too') }, silently),
    ).rejects.toThrow(refusal);
    await expect(prepareStandalone({ ...taken, ...given }, silently)).rejects.toThrow(refusal);
    squatter.close();
    const standalone = await prepareStandalone({ ...taken, ...given }, silently);
    expect(standalone.tracker).toMatchObject({
      DATABASE_URL: given.TRACKER_DATABASE_URL,
      PORT: String(port),
    });
  });

  it.runIf(process.getuid?.() === 0)(
    'prints where the database is if it cannot be in DATA_DIR',
    async () => {
      const closed = mkdtempSync(join(folder, 'closed-'));
      const lines: string[] = [];
      const standalone = await prepareStandalone(
        { DATA_DIR: closed, PORT: '0', TRACKER_PORT: '0' },
        (line) => void lines.push(line),
      );
      await standalone.stop();
      const place = readlinkSync(join(closed, 'postgres'));
      rmSync(place, { recursive: true });
      expect(lines.join('\n')).toContain(`the database is in ${place}.`);
    },
  );

  it('uses the keys of the environment', async () => {
    const env = {
      DATA_DIR: join(folder, 'keys'),
      PORT: 'eighty',
      JWT_PRIVATE_KEY: 'mine',
      JWT_REFRESH_SECRET: 'mine',
      DATA_KEYS: 'mine',
    };
    await expect(prepareStandalone(env, silently)).rejects.toThrow('JWT_PRIVATE_KEY is not a key');
    expect(readdirSync(env.DATA_DIR)).toEqual([]);
  });
});
