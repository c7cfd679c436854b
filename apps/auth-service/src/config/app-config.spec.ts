import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AppConfig, loadConfig } from './app-config.js';
import { ConfigurationError } from '@poc-tracker/http-service';

function keyPair(bits = 2048) {
  return generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const pair = keyPair();
const valid: NodeJS.ProcessEnv = {
  DATABASE_URL: 'postgres://service:secret@db.internal:5432/poc_tracker',
  PLATFORM_DATABASE_URL: 'postgres://platform:secret@db.internal:5432/poc_tracker',
  JWT_PRIVATE_KEY: pair.privateKey,
  JWT_REFRESH_SECRET: 'r'.repeat(48),
  DATA_KEYS: `2026-11:${Buffer.alloc(32, 1).toString('base64')}`,
};

function load(env: NodeJS.ProcessEnv): AppConfig {
  return loadConfig({ ...valid, ...env });
}

function refused(env: NodeJS.ProcessEnv): string {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('loadConfig', () => {
  it('uses the defaults of settings that are not set', () => {
    const config = load({});
    expect(config.http).toMatchObject({ host: '127.0.0.1', port: 3000, trustedProxies: [] });
    expect(config.database).toMatchObject({ poolMin: 10, poolMax: 100, tls: false });
    expect(config.tenancy).toEqual({
      baseDomain: 'poctracker.com',
      defaultTenant: undefined,
      publicUrl: 'http://{tenant}.localhost:3000',
      signup: 'open',
      signupPlans: ['basic'],
      operatorMfa: 'optional',
      restoreDays: 30,
      graceDays: 7,
    });
    expect(config.tokens).toMatchObject({
      issuer: 'poc-tracker-auth',
      audience: 'poc-tracker-api',
    });
    expect(config.passwords).toMatchObject({ memoryKib: 19_456, iterations: 2, parallelism: 1 });
  });

  it('returns a frozen configuration', () => {
    const config = load({});
    expect(() => Object.assign(config.tenancy, { signup: 'closed' })).toThrow(TypeError);
  });

  it.each([
    ['PORT', 'eighty'],
    ['PORT', '65536'],
    ['HOST', 'no host'],
    ['DATABASE_URL', 'mysql://db/poc'],
    ['DB_POOL_MIN', '101'],
    ['DB_POOL_MAX', '0'],
    ['DB_PREPARED_STATEMENTS', 'maybe'],
    ['REDIS_URL', 'localhost:6379'],
    ['BASE_DOMAIN', 'localhost'],
    ['DEFAULT_TENANT', '-acme'],
    ['TENANT_SIGNUP', 'maybe'],
    ['OPERATOR_MFA', 'maybe'],
    ['SIGNUP_PLANS', 'basic,free'],
    ['TENANT_RESTORE_DAYS', '0'],
    ['SUBSCRIPTION_GRACE_DAYS', 'a week'],
    ['RETENTION_SESSIONS_DAYS', '183'],
    ['RETENTION_AUDIT_DAYS', '183'],
    ['RETENTION_USAGE_DAYS', '183'],
    ['JWT_PRIVATE_KEY', 'not a key'],
    ['JWT_PRIVATE_KEY', keyPair(1024).privateKey],
    ['JWT_PUBLIC_KEY', 'not a key'],
    ['JWT_REFRESH_SECRET', 'too short'],
    ['DATA_KEYS', ''],
    ['DATA_KEYS', 'too-short:c2hvcnQ='],
    ['DATA_KEYS', Buffer.alloc(32).toString('base64')],
    ['DATA_KEYS', ['a', 'a'].map((id) => `${id}:${Buffer.alloc(32).toString('base64')}`).join()],
    ['JWT_PRIVATE_KEY_FILE', '/nowhere/key.pem'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', 'proxy.internal'],
    ['LOG_LEVEL', 'loud'],
    ['APP_VERSION', 'the latest one'],
    ['NODE_ENV', 'staging'],
    ['ARGON2_MEMORY_KIB', '1024'],
    ['REQUEST_TIMEOUT_MS', '1'],
  ])('refuses %s=%s with an error that contains the variable and an example', (variable, value) => {
    expect(refused({ [variable]: value })).toMatch(
      new RegExp(`${variable} .+ Example: ${variable}=.+`),
    );
  });

  it.each([
    [{}, 'http://{tenant}.localhost:3000'],
    [{ PORT: '4611' }, 'http://{tenant}.localhost:4611'],
    [{ PORT: '0' }, 'http://{tenant}.localhost:{port}'],
    [{ NODE_ENV: 'production', BASE_DOMAIN: 'pocs.example' }, 'https://{tenant}.pocs.example'],
    [{ PUBLIC_URL: 'https://app.example/{tenant}/' }, 'https://app.example/{tenant}'],
  ])('takes the address of tenants with %o to be %s', (env, publicUrl) => {
    expect(load(env).tenancy.publicUrl).toBe(publicUrl);
  });

  it.each([
    'https://pocs.example',
    'https://{tenant}.{tenant}.example',
    'ftp://{tenant}.example',
    'https://user:password@{tenant}.example',
    'https://{tenant}.example/?next=#',
    'javascript:{tenant}',
    '{tenant}.example',
  ])('refuses the address of tenants %s', (url) => {
    expect(refused({ PUBLIC_URL: url })).toContain('PUBLIC_URL must be a URL with {tenant} once');
  });

  it('refuses links without TLS in production', () => {
    const env = { NODE_ENV: 'production', PUBLIC_URL: 'http://{tenant}.pocs.example' };
    expect(refused(env)).toContain('PUBLIC_URL must be an https URL');
  });

  it('reports every invalid variable at once', () => {
    const message = refused({
      PORT: 'x',
      LOG_LEVEL: 'x',
      DATABASE_URL: '',
      PLATFORM_DATABASE_URL: '',
      JWT_PRIVATE_KEY: '',
    });
    for (const variable of ['PORT', 'LOG_LEVEL', 'DATABASE_URL', 'PLATFORM_DATABASE_URL']) {
      expect(message).toContain(`${variable} `);
    }
  });

  it('leaves one thread of libuv and one core free of password hashing', () => {
    expect(load({ UV_THREADPOOL_SIZE: '2' }).passwords.concurrency).toBe(1);
    expect(load({ UV_THREADPOOL_SIZE: '1' }).passwords.concurrency).toBe(1);
    expect(load({ UV_THREADPOOL_SIZE: '1024' }).passwords.concurrency).toBe(
      Math.max(1, availableParallelism() - 1),
    );
  });

  it('reads the plans that are available at sign-up', () => {
    expect(load({ SIGNUP_PLANS: 'pro, basic' }).tenancy.signupPlans).toEqual(['basic', 'pro']);
  });

  it('has the version of the package unless the deployment states another', () => {
    expect(load({}).version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(load({ APP_VERSION: '2026.11-rc.1+build7' }).version).toBe('2026.11-rc.1+build7');
  });

  it('gives load balancers the time to notice a stop in production', () => {
    expect(load({}).http.shutdownDelayMs).toBe(200);
    expect(load({ NODE_ENV: 'production' }).http.shutdownDelayMs).toBe(5_000);
  });

  it('closes the documentation and the details of health in production, unless they are opened', () => {
    expect(load({}).exposure).toEqual({ docs: true, healthDetails: true });
    const production = { NODE_ENV: 'production' };
    expect(load(production).exposure).toEqual({ docs: false, healthDetails: false });
    const opened = load({ ...production, API_DOCS: 'on', HEALTH_DETAILS: 'on' });
    expect(opened.exposure).toEqual({ docs: true, healthDetails: true });
  });

  it('warns of variables that look like settings and are none', () => {
    expect(load({ PORTT: '4000', HOME: '/root' }).warnings).toEqual([
      'PORTT is not a setting. Did you mean PORT?',
    ]);
  });

  it('closes sign-up and verifies TLS to the database in production', () => {
    const config = load({ NODE_ENV: 'production' });
    expect(config.tenancy.signup).toBe('closed');
    expect(config.database.tls).toBe(true);
  });

  it('requires a second factor of operators in production, and has no way to switch that off', () => {
    expect(load({}).tenancy.operatorMfa).toBe('optional');
    expect(load({ NODE_ENV: 'production' }).tenancy.operatorMfa).toBe('required');
    expect(refused({ NODE_ENV: 'production', OPERATOR_MFA: 'optional' })).toContain('OPERATOR_MFA');
  });

  it('refuses a database URL that disables TLS in production', () => {
    const url = 'postgres://service:secret@db.internal/poc_tracker?sslmode=disable';
    expect(refused({ NODE_ENV: 'production', DATABASE_URL: url })).toContain(
      'DATABASE_URL must not',
    );
    expect(load({ DATABASE_URL: url }).database.serviceUrl).toBe(url);
  });

  it('reads a key from a file, and refuses a key and a file at once', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'key.pem');
    writeFileSync(file, pair.privateKey);
    const config = load({ JWT_PRIVATE_KEY: '', JWT_PRIVATE_KEY_FILE: file });
    expect(config.tokens.privateKey.asymmetricKeyType).toBe('rsa');
    expect(refused({ JWT_PRIVATE_KEY_FILE: file })).toContain(
      'JWT_PRIVATE_KEY_FILE; set one of the two',
    );
  });

  it('reads the keys of data in their order, and does not repeat a wrong one in the error', () => {
    const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
    const { dataKeys } = load({ DATA_KEYS: `new:${key(1)}, old:${key(2)}` });
    expect(dataKeys.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(dataKeys[0]?.key.export()).toEqual(Buffer.alloc(32, 1));
    expect(refused({ DATA_KEYS: `new:${key(1)}x` })).not.toContain(key(1).slice(0, 8));
  });

  it('reads a key on one line with \\n as line breaks', () => {
    const config = load({ JWT_PRIVATE_KEY: pair.privateKey.replaceAll('\n', '\\n') });
    expect(config.tokens.publicKeys).toHaveLength(1);
  });

  it('returns the signing key first and once, followed by the keys of earlier rotations', () => {
    const earlier = keyPair();
    const { publicKeys } = load({ JWT_PUBLIC_KEY: pair.publicKey + earlier.publicKey }).tokens;
    expect(publicKeys.map((key) => key.export({ type: 'spki', format: 'pem' }))).toEqual([
      pair.publicKey,
      earlier.publicKey,
    ]);
  });
});
