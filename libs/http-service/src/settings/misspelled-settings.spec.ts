import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeMisspelledSettings, SETTING_NAMES } from './misspelled-settings.js';

const describeOne = (name: string, value = 'x') => describeMisspelledSettings({ [name]: value });

describe('describeMisspelledSettings', () => {
  it.each([
    ['PORTT', 'PORT'],
    ['PROT', undefined],
    ['port', 'PORT'],
    ['HOTS', undefined],
    ['REDIS_URI', 'REDIS_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DB_POOL_MAXX', 'DB_POOL_MAX'],
    ['JWT_PRIVATE_KEYFILE', 'JWT_PRIVATE_KEY_FILE'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
    ['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT_MS'],
    ['SIGNUP_PLAN', 'SIGNUP_PLANS'],
    ['TRUSTED_PROXIE', 'TRUSTED_PROXIES'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['RATE_LIMIT', 'RATE_LIMITS'],
    ['NODE-ENV', 'NODE_ENV'],
  ])('for %s suggests %s', (name, meant) => {
    expect(describeOne(name)).toEqual(
      meant === undefined ? [] : [`${name} is not a setting. Did you mean ${meant}?`],
    );
  });

  it.each(['JWT_SECRET', 'REDIS_HOST', 'DB_HOST', 'TENANT_DEFAULT', 'ARGON2_TIME'])(
    'reports %s, which has a prefix of the product',
    (name) => {
      expect(describeOne(name)).toEqual([`${name} is not a setting.`]);
    },
  );

  it.each([
    ...[
      'HOME',
      'PATH',
      'PWD',
      'USER',
      'TERM',
      'LANG',
      'SHELL',
      'HOSTNAME',
      'LOGNAME',
      'MAIL',
      'TZ',
    ],
    ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_VERSION', 'npm_config_cache', 'POSTGRES_PASSWORD'],
    ...['DATABASE_USER', 'DATABASE_PORT', 'PGHOST', 'PGPORT', 'HTTPS_PROXY', 'NO_PROXY'],
    ...['GITHUB_REPOSITORY', 'CI_REPOSITORY_URL', 'RUNNER_TOOL_CACHE', 'npm_lifecycle_event'],
    ...['NODE_TLS_REJECT_UNAUTHORIZED', 'DBUS_SESSION_BUS_ADDRESS', 'REQUESTS_CA_BUNDLE'],
    ...['REDIS_SERVICE_HOST', 'REDIS_SERVICE_PORT', 'REDIS_PORT_6379_TCP_ADDR', 'DB_PORT_5432_TCP'],
  ])('ignores %s', (name) => {
    expect(describeOne(name)).toEqual([]);
  });

  it('ignores the variables of docker-compose.yml', () => {
    const compose = readFileSync(
      new URL('../../../../docker-compose.yml', import.meta.url),
      'utf8',
    );
    const names = [...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name);
    expect(names).toContain('REDIS_PASSWORD');
    expect(names.flatMap((name) => describeOne(name))).toEqual([]);
  });

  it('ignores links of Kubernetes and empty variables', () => {
    expect(describeOne('REDIS_PORT', 'tcp://10.0.0.1:6379')).toEqual([]);
    expect(describeOne('PORTT', ' ')).toEqual([]);
  });

  it('ignores every setting', () => {
    const all = Object.fromEntries(SETTING_NAMES.map((name) => [name, 'x']));
    expect(describeMisspelledSettings(all)).toEqual([]);
  });
});
