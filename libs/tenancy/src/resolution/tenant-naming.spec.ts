import { ApiError, PLATFORM_SUBDOMAIN, RESERVED_SUBDOMAINS } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { namedTenants, requestedTenantId, tenantOfHostName } from './tenant-naming.js';

const BASE = 'poctracker.com';
const ID = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f';
/** 253 characters. */
const LONGEST_NAME = [...Array<string>(3).fill('a'.repeat(63)), 'b'.repeat(61)].join('.');
const OTHER_ID = '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718';

const named = (
  names: { host?: string; header?: unknown; query?: unknown },
  defaultTenant?: string,
) =>
  namedTenants(
    { host: 'poctracker.com', header: undefined, query: undefined, ...names },
    { baseDomain: BASE, defaultTenant },
  );

function refusal(work: () => unknown): ApiError {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  throw new Error('expected an ApiError');
}

describe('tenantOfHostName', () => {
  it.each([
    ['acme.poctracker.com', 'acme'],
    ['acme.poctracker.com:8443', 'acme'],
    ['acme.poctracker.com.', 'acme'],
    ['acme.poctracker.com.:443', 'acme'],
    ['ACME.PocTracker.COM', 'acme'],
    ['a-1.poctracker.com', 'a-1'],
    ['acme.localhost', 'acme'],
    ['acme.localhost:3000', 'acme'],
    [`${'a'.repeat(63)}.localhost`, 'a'.repeat(63)],
  ])('reads the subdomain of %s', (host, subdomain) => {
    expect(tenantOfHostName(host, BASE)).toEqual({ subdomain });
  });

  it.each([
    'poctracker.com',
    'poctracker.com:443',
    'poctracker.com.',
    'localhost',
    'localhost:3000',
    'a.b.poctracker.com',
    'acme.api.poctracker.com',
    'a.b.localhost',
    '.poctracker.com',
    '127.0.0.1',
    '127.0.0.1:3000',
    '[::1]:3000',
    '::1',
    'auth-service',
    'auth-service:3000',
    'user@acme.poctracker.com',
    'acme.poctracker.com/x',
    'acme .poctracker.com',
    'acmé.poctracker.com',
    'acme.poctracker.com:80:80',
    `${'a'.repeat(64)}.poctracker.com`,
    `${'a'.repeat(64)}.localhost`,
    `${'a'.repeat(64)}.example`,
    `${LONGEST_NAME}a`,
    `${LONGEST_NAME}.a`,
    'acme..example',
    '',
    ...[...RESERVED_SUBDOMAINS]
      .filter((name) => name !== PLATFORM_SUBDOMAIN)
      .flatMap((name) => [`${name}.poctracker.com`, `${name.toUpperCase()}.localhost:3000`]),
  ])('finds no tenant in "%s"', (host) => {
    expect(tenantOfHostName(host, BASE)).toBeUndefined();
  });

  it.each([
    'login.acme.example',
    'evilpoctracker.com',
    'poctracker.com.evil.test',
    'acme.poctracker.com.evil.test',
    LONGEST_NAME,
  ])('treats %s as a custom domain and never as a subdomain', (host) => {
    expect(tenantOfHostName(`${host.toUpperCase()}:443`, BASE)).toEqual({ domain: host });
  });
});

describe('namedTenants', () => {
  it('uses only the subdomain, whatever the header, query and default are', () => {
    const names = { host: 'acme.poctracker.com', header: ID, query: OTHER_ID };
    expect(named(names, 'globex')).toEqual([{ subdomain: 'acme' }]);
  });

  it('tries a custom domain first, and then the header, query and default', () => {
    const host = 'login.acme.example';
    expect(named({ host, header: ID, query: OTHER_ID }, 'globex')).toEqual([
      { domain: host },
      { id: ID },
    ]);
    expect(named({ host }, 'globex')).toEqual([
      { domain: host },
      { subdomain: 'globex', isDefault: true },
    ]);
    expect(named({ host })).toEqual([{ domain: host }]);
  });

  it('prefers the header to the query and the query to the default', () => {
    expect(named({ header: ID, query: OTHER_ID }, 'globex')).toEqual([{ id: ID }]);
    expect(named({ query: OTHER_ID }, 'globex')).toEqual([{ id: OTHER_ID }]);
    expect(named({}, 'globex')).toEqual([{ subdomain: 'globex', isDefault: true }]);
    expect(named({})).toEqual([]);
  });

  it('refuses a malformed header even if the host takes precedence', () => {
    expect(refusal(() => named({ host: 'acme.poctracker.com', header: 'globex' })).code).toBe(
      'VALIDATION_ERROR',
    );
  });
});

describe('requestedTenantId', () => {
  it('accepts a UUID in upper and lower case', () => {
    expect(requestedTenantId({ header: ID.toUpperCase(), query: undefined })).toBe(ID);
  });

  it.each([
    ['a subdomain', 'acme'],
    ['nothing', ''],
    ['two headers, as Node joins them', `${ID}, ${OTHER_ID}`],
    ['the same header twice', `${ID}, ${ID}`],
    ['two parameters, as Fastify lists them', [ID, ID]],
    ['a nested parameter', { id: ID }],
    ['SQL', `${ID}'; DROP TABLE tenants; --`],
    ['a number', 7],
    ['a line break after an id', `${ID}\n`],
    ['braces', `{${ID}}`],
    ['no hyphens', ID.replaceAll('-', '')],
    ['a NUL byte', `${ID.slice(0, -1)}\0`],
  ])('refuses %s with an error that names the header or the parameter', (_what, value) => {
    expect(refusal(() => requestedTenantId({ header: value, query: undefined }))).toMatchObject({
      status: 400,
      details: [{ field: 'x-tenant-id' }],
    });
    expect(refusal(() => requestedTenantId({ header: ID, query: value }))).toMatchObject({
      status: 400,
      details: [{ field: 'tenant_id' }],
    });
  });
});
