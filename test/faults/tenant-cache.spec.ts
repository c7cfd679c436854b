import { DatabaseTenantLookup } from '@poc-tracker/tenancy';
import { describe, expect, it, vi } from 'vitest';
import { GOOD_PASSWORD, type ServiceFixture } from '../e2e/service.fixture.js';
import { lateAnswers } from '../late-answers.js';
import {
  database,
  here,
  redis,
  restartRedis,
  server,
  there,
  useTwoInstances,
} from './instances.fixture.js';

useTwoInstances();

/** What the log-in page of a host shows: `OK`, or the code of the error. */
async function branding(service: ServiceFixture, host: string): Promise<string> {
  const answer = await service.call('GET', '/tenants/branding', { host });
  return answer.status === 200 ? 'OK' : answer.error.code;
}

/** Resolves when both instances have the host in memory. */
async function cached(host: string, expected = 'OK'): Promise<void> {
  for (const service of [here, there])
    await vi.waitFor(async () => {
      const find = vi.spyOn(service.app.get(DatabaseTenantLookup), 'find');
      try {
        expect(await branding(service, host)).toBe(expected);
        expect(find).not.toHaveBeenCalled();
      } finally {
        find.mockRestore();
      }
    }, 10_000);
}

/** What both instances answer later than 100 ms after the commit. */
const answersAfter = (change: () => Promise<unknown>, host: string): Promise<Set<string>> =>
  lateAnswers(
    [here, there].map((service) => () => branding(service, host)),
    change,
  );

/** Changes a tenant as another process does: no instance knows of it before the feed tells. */
const changing = (assignment: string, tenantId: string) => () =>
  database.sql(`UPDATE tenants SET ${assignment} WHERE id = $1`, [tenantId]);

const addDomain = (tenantId: string, domain: string, verifiedAt: Date | null = new Date()) =>
  database.sql(
    `INSERT INTO tenant_domains (tenant_id, domain, token, verified_at) VALUES ($1, $2, 'x', $3)`,
    [tenantId, domain, verifiedAt],
  );

const verify = (domain: string, verifiedAt: Date | null) =>
  database.sql('UPDATE tenant_domains SET verified_at = $2 WHERE domain = $1', [
    domain,
    verifiedAt,
  ]);

const removeDomain = (domain: string) =>
  database.sql('DELETE FROM tenant_domains WHERE domain = $1', [domain]);

/** Answers at the host of a domain. */
const [FOUND, UNKNOWN] = ['OK', 'TENANT_REQUIRED'];

const YESTERDAY = new Date(Date.now() - 24 * 60 * 60 * 1000);

describe('the tenant of a request', () => {
  it('is not queried by a log-in, a registration or the log-in page, by subdomain or by domain', async () => {
    const tenant = await here.tenant();
    await addDomain(tenant.tenantId, `${tenant.subdomain}.example`);
    const user = await here.user(tenant.tenantId);
    for (const host of [tenant.host, `${tenant.subdomain}.example`]) {
      await cached(host);
      await vi.waitFor(async () => {
        const find = vi.spyOn(here.app.get(DatabaseTenantLookup), 'find');
        try {
          await here.login(host, user);
          expect(await branding(here, host)).toBe('OK');
          const body = { email: `${Math.random()}@example.com`, password: GOOD_PASSWORD };
          await here.call('POST', '/auth/register', {
            host,
            body: { ...body, firstName: 'Ada', lastName: 'Silva' },
          });
          expect(find).not.toHaveBeenCalled();
        } finally {
          find.mockRestore();
        }
      }, 10_000);
    }
  });

  it.each([
    ['suspended', `status = 'suspended'`],
    ['renamed', `subdomain = 'moved-' || subdomain`],
  ])('is refused within 100 ms on every instance when it is %s', async (_change, assignment) => {
    const { tenantId, host } = await here.tenant();
    await cached(host);
    expect(await answersAfter(changing(assignment, tenantId), host)).toEqual(
      new Set(['INVALID_TENANT']),
    );
  });

  it('is found within 100 ms by the name that it takes', async () => {
    const { tenantId, subdomain } = await here.tenant();
    const host = `moved-${subdomain}.localhost`;
    await cached(host, 'INVALID_TENANT');
    const change = changing(`subdomain = 'moved-${subdomain}'`, tenantId);
    expect(await answersAfter(change, host)).toEqual(new Set(['OK']));
  });

  // The row of the tenant names its latest domain only: nothing but the change of the other one reports these.
  it.each<[string, Date | null | undefined, (id: string, domain: string) => unknown, string]>([
    ['is added', undefined, (id, domain) => addDomain(id, domain, YESTERDAY), FOUND],
    ['is verified', null, (_id, domain) => verify(domain, YESTERDAY), FOUND],
    ['is verified no longer', YESTERDAY, (_id, domain) => verify(domain, null), UNKNOWN],
    ['is removed', YESTERDAY, (_id, domain) => removeDomain(domain), UNKNOWN],
  ])(
    'changes within 100 ms when a domain that is not its latest one %s',
    async (_what, verifiedAt, change, expected) => {
      const { tenantId, subdomain } = await here.tenant();
      const domain = `other.${subdomain}.example`;
      await addDomain(tenantId, `latest.${subdomain}.example`);
      if (verifiedAt !== undefined) await addDomain(tenantId, domain, verifiedAt);
      await cached(domain, expected === FOUND ? UNKNOWN : FOUND);
      const made = async () => change(tenantId, domain);
      expect(await answersAfter(made, domain)).toEqual(new Set([expected]));
    },
  );

  it('is found at once on the instance that created it, though its name was unknown', async () => {
    const host = 'initech.localhost';
    await cached(host, 'INVALID_TENANT');
    const created = await here.call('POST', '/tenants', {
      host: 'poctracker.com',
      body: {
        name: 'Initech',
        subdomain: 'initech',
        adminEmail: 'ana@initech.example',
        adminPassword: GOOD_PASSWORD,
      },
    });
    expect(created.status).toBe(201);
    expect(await branding(here, host)).toBe('OK');
    await vi.waitFor(async () => {
      expect(await branding(there, host)).toBe('OK');
    });
  });

  it('is never found by a value from before a change that is written to Redis after it', async () => {
    const { tenantId, subdomain, host } = await here.tenant();
    const key = `poc-tracker:tenant:subdomain:${subdomain}`;
    await cached(host);
    const old = await vi.waitFor(async () => {
      const text = await redis.get(key);
      if (text === null) throw new Error('not written yet');
      return text;
    }, 10_000);
    const put = async () => {
      await changing(`status = 'suspended'`, tenantId)();
      await redis.set(key, old, 'EX', 60);
    };
    expect(await answersAfter(put, host)).toEqual(new Set(['INVALID_TENANT']));
  });

  it.each([
    ['flushed', () => redis.flushall(), () => Promise.resolve()],
    [
      'full',
      () => redis.config('SET', 'maxmemory', '1'),
      () => redis.config('SET', 'maxmemory', '0'),
    ],
    ['frozen', () => redis.client('PAUSE', 1_500, 'ALL'), () => redis.ping()],
    ['stopped', () => server.stop(), restartRedis],
  ])('is suspended within 100 ms while Redis is %s', async (_what, begin, end) => {
    const { tenantId, host } = await here.tenant();
    await cached(host);
    await begin();
    try {
      expect(await answersAfter(changing(`status = 'suspended'`, tenantId), host)).toEqual(
        new Set(['INVALID_TENANT']),
      );
    } finally {
      await end();
    }
    await cached(host, 'INVALID_TENANT');
  });
});
