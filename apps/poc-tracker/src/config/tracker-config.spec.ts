import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadTrackerConfig } from './tracker-config.js';

const DATABASE_URL = 'postgres://tracker:secret@db.internal:5432/poc_tracker';

const pem = (bits: number): string =>
  generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).publicKey;

describe('the configuration of the tracker', () => {
  it('needs only a database in development', () => {
    expect(loadTrackerConfig({ DATABASE_URL })).toMatchObject({
      http: { host: '127.0.0.1', port: 3001 },
      tokens: {
        issuer: 'poc-tracker-auth',
        publicKeys: [],
        jwksUrl: 'http://127.0.0.1:3000/.well-known/jwks.json',
      },
      files: {
        directory: '.data/files',
        maxUploadBytes: 100 * 1024 * 1024,
        uploadTimeoutMs: 3_600_000,
      },
    });
  });

  it('has the version that the deployment states', () => {
    expect(loadTrackerConfig({ DATABASE_URL, APP_VERSION: '1.4.0' }).version).toBe('1.4.0');
  });

  it('reads public keys, or the URL that publishes them', () => {
    const given = loadTrackerConfig({ DATABASE_URL, JWT_PUBLIC_KEY: pem(2048) + pem(2048) });
    expect(given.tokens.publicKeys).toHaveLength(2);
    const fetched = loadTrackerConfig({ DATABASE_URL, AUTH_URL: 'https://auth.example/' });
    expect(fetched.tokens.jwksUrl).toBe('https://auth.example/.well-known/jwks.json');
  });

  it('reports every invalid variable at once', () => {
    const env = {
      PORT: 'eighty',
      MAX_UPLOAD_MB: '0',
      UPLOAD_TIMEOUT_MINUTES: 'long',
      AUTH_URL: 'ftp://auth.example',
      JWT_PUBLIC_KEY: pem(1024),
    };
    for (const variable of [...Object.keys(env), 'DATABASE_URL'])
      expect(() => loadTrackerConfig(env)).toThrow(`${variable} `);
  });

  it('requires https for the keys in production', () => {
    const production = { NODE_ENV: 'production', DATABASE_URL };
    expect(() => loadTrackerConfig(production)).toThrow('AUTH_URL or JWT_PUBLIC_KEY must be set');
    expect(() => loadTrackerConfig({ ...production, AUTH_URL: 'http://auth.internal' })).toThrow(
      'AUTH_URL must be https in production',
    );
    for (const settings of [
      { AUTH_URL: 'https://auth.internal' },
      { AUTH_URL: 'http://127.0.0.1:3000' },
      { JWT_PUBLIC_KEY: pem(2048) },
    ])
      expect(loadTrackerConfig({ ...production, ...settings }).database.tls).toBe(true);
  });
});
