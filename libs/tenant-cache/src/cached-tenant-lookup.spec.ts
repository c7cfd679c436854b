import { randomUUID } from 'node:crypto';
import { PLAN_CATALOGUE, type TenantSnapshot } from '@poc-tracker/contracts';
import type { TenantReference } from '@poc-tracker/tenancy';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeFreshness } from './cache.fixture.js';
import { CacheStore } from './cache-store.js';
import { CachedTenantLookup } from './cached-tenant-lookup.js';
import type { FoundValue, RedisLevel } from './redis/redis-level.js';

const ACME: TenantSnapshot = {
  id: randomUUID(),
  name: 'Acme',
  subdomain: 'acme',
  customDomain: 'acme.example',
  plan: 'basic',
  status: 'active',
  ...PLAN_CATALOGUE.basic,
  subscriptionEndsAt: '2027-01-01T00:00:00.000Z',
  isPlatform: false,
};

let freshness: FakeFreshness;
let tenants: TenantSnapshot[];
let queries: TenantReference[];
/** What Redis holds at every key, trusted as the latest value of this database. */
let stored: unknown;
let written: string[];

beforeEach(() => {
  freshness = new FakeFreshness();
  tenants = [ACME];
  queries = [];
  stored = undefined;
  written = [];
});

function createLookup(): CachedTenantLookup {
  const position = { source: 'source', ticket: { issuer: 'i', number: 1 }, generation: null };
  const redis = {
    read: (_source: string, keys: string[]) =>
      Promise.resolve({
        found: new Map<string, FoundValue>(
          stored === undefined
            ? []
            : keys.map((key) => [key, { ...position, value: stored, remainingMs: 1_000 }]),
        ),
        position,
      }),
    trusts: () => true,
    write: (_position: unknown, values: { key: string }[]) => {
      written.push(...values.map(({ key }) => key));
      return Promise.resolve();
    },
    invalidate: () => undefined,
    invalidateAll: () => undefined,
  } satisfies Partial<Record<keyof RedisLevel, unknown>>;
  const find = (reference: TenantReference) => {
    queries.push(reference);
    const isNamed = ({ id, subdomain, customDomain }: TenantSnapshot) =>
      [id, subdomain, customDomain].includes(Object.values(reference)[0] as string);
    return Promise.resolve(tenants.find(isNamed));
  };
  return new CachedTenantLookup(
    { find },
    new CacheStore(freshness, redis as unknown as RedisLevel),
  );
}

const REFERENCES: TenantReference[] = [
  { id: ACME.id },
  { subdomain: 'acme' },
  { domain: 'acme.example' },
];

describe('CachedTenantLookup', () => {
  it('queries once for each name of a tenant, and writes it to Redis', async () => {
    const lookup = createLookup();
    for (const reference of REFERENCES)
      for (let time = 0; time < 2; time += 1) expect(await lookup.find(reference)).toEqual(ACME);
    expect(queries).toEqual(REFERENCES);
    expect(written).toEqual([
      `poc-tracker:tenant:${ACME.id}`,
      'poc-tracker:tenant:subdomain:acme',
      'poc-tracker:tenant:domain:acme.example',
    ]);
  });

  it('invalidates every name of a tenant that changes', async () => {
    const lookup = createLookup();
    for (const reference of REFERENCES) await lookup.find(reference);
    tenants = [{ ...ACME, status: 'suspended' }];
    freshness.change(ACME.id);
    for (const reference of REFERENCES)
      expect(await lookup.find(reference)).toMatchObject({ status: 'suspended' });
  });

  it('keeps an unknown name for ten seconds, in memory only, until any tenant changes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const lookup = createLookup();
      const find = () => lookup.find({ subdomain: 'globex' });
      expect([await find(), await find()]).toEqual([undefined, undefined]);
      expect(queries).toHaveLength(1);
      vi.advanceTimersByTime(10_000);
      await find();
      expect(queries).toHaveLength(2);
      expect(written).toEqual([]);
      const globex = { ...ACME, id: randomUUID(), subdomain: 'globex' };
      tenants.push(globex);
      freshness.change(globex.id);
      expect(await find()).toEqual(globex);
    } finally {
      vi.useRealTimers();
    }
  });

  it('looks up a tenant again after a change of its own, and no other', async () => {
    const globex = { ...ACME, id: randomUUID(), subdomain: 'globex', customDomain: null };
    tenants.push(globex);
    const lookup = createLookup();
    const named = [...REFERENCES, { id: globex.id }, { subdomain: 'globex' }];
    for (const reference of named) await lookup.find(reference);
    await lookup.find({ subdomain: 'unknown' });
    queries = [];
    freshness.pending.add(globex.id);
    for (const reference of [...named, { subdomain: 'unknown' }]) await lookup.find(reference);
    expect(queries).toEqual([{ id: globex.id }, { subdomain: 'globex' }, { subdomain: 'unknown' }]);
  });

  it('checks the changes of the tenant that a name has now, not of the one that had it when the request arrived', async () => {
    const lookup = createLookup();
    await lookup.find({ subdomain: 'acme' });
    const successor = { ...ACME, id: randomUUID(), customDomain: null };
    tenants = [successor];
    freshness.change(ACME.id);
    let prove = (_isFresh: boolean): void => undefined;
    vi.spyOn(freshness, 'waitUntilFresh').mockReturnValueOnce(
      new Promise((resolve) => (prove = resolve)),
    );
    const answer = lookup.find({ subdomain: 'acme' });
    await lookup.find({ subdomain: 'acme' });
    tenants = [{ ...successor, status: 'suspended' }];
    freshness.pending.add(successor.id);
    prove(true);
    expect(await answer).toMatchObject({ status: 'suspended' });
  });

  it('keeps known tenants however many unknown names are asked for', async () => {
    const lookup = createLookup();
    await lookup.find({ subdomain: 'acme' });
    for (let name = 0; name < 10_001; name += 1) await lookup.find({ subdomain: `x${name}` });
    queries = [];
    await lookup.find({ subdomain: 'acme' });
    await lookup.find({ subdomain: 'x10000' });
    expect(queries).toEqual([]);
    await lookup.find({ subdomain: 'x0' });
    expect(queries).toEqual([{ subdomain: 'x0' }]);
  });

  it('uses a tenant of Redis, without fields that it does not know', async () => {
    stored = { ...ACME, passwordHash: 'x', features: { ...ACME.features, root: true } };
    for (const reference of REFERENCES) expect(await createLookup().find(reference)).toEqual(ACME);
    expect(queries).toEqual([]);
  });

  it('keeps the rate limits of a tenant', async () => {
    const rateLimits = { rules: { 'auth:ip': '5/60' }, shadow: ['login:user'] };
    stored = { ...ACME, rateLimits };
    expect(await createLookup().find({ subdomain: 'acme' })).toEqual({ ...ACME, rateLimits });
  });

  it('keeps the country policy of a tenant', async () => {
    const countries = { mode: 'enforce', allowed: ['BR'], denied: [] };
    stored = { ...ACME, countries };
    expect(await createLookup().find({ subdomain: 'acme' })).toEqual({ ...ACME, countries });
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'acme'],
    ['another tenant', { ...ACME, id: randomUUID(), subdomain: 'globex' }],
    ['an id that is none', { ...ACME, id: 'acme' }],
    ['no name', { ...ACME, name: undefined }],
    ['an unknown status', { ...ACME, status: 'ACTIVE' }],
    ['an unknown plan', { ...ACME, plan: 'free' }],
    ['a feature that is no flag', { ...ACME, features: { ...ACME.features, api_access: 1 } }],
    ['no limits', { ...ACME, limits: {} }],
    ['a limit that is no integer', { ...ACME, limits: { ...ACME.limits, maxUsers: 1.5 } }],
    ['a domain that is no text', { ...ACME, customDomain: 5 }],
    ['an end that is no time', { ...ACME, subscriptionEndsAt: 'soon' }],
    ['another tenant as the platform', { ...ACME, isPlatform: true }],
    ['no flag of the platform', { ...ACME, isPlatform: 'false' }],
    ['a country policy without lists', { ...ACME, countries: { mode: 'enforce' } }],
    [
      'a country policy that is off',
      { ...ACME, countries: { mode: 'off', allowed: [], denied: [] } },
    ],
    [
      'a country policy with an unknown country',
      { ...ACME, countries: { mode: 'enforce', allowed: ['ZZ'], denied: [] } },
    ],
    ['rate limits without rules', { ...ACME, rateLimits: { shadow: [] } }],
    [
      'a rate limit that is no text',
      { ...ACME, rateLimits: { rules: { 'auth:ip': 5 }, shadow: [] } },
    ],
  ])('queries if Redis holds %s', async (_what, value) => {
    stored = value;
    expect(await createLookup().find({ subdomain: 'acme' })).toEqual(ACME);
    expect(queries).toHaveLength(1);
  });
});
