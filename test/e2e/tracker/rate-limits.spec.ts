import { randomBytes } from 'node:crypto';
import { RateLimitHits } from '@poc-tracker/rate-limit';
import { redisUrl } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TrackerAnswer, TrackerFixture, type UserRecord } from './tracker.fixture.js';

const LIMITS = [
  'all=1000000/60',
  'reads:user=3/60',
  'reads:tenant=8/3600',
  'writes:user=2/60',
  'reads:ip=3/60',
  'uploads:user=2/60',
].join(',');

/** Two instances on one database and one Redis, behind a proxy that says where a request comes from. */
let tracker: TrackerFixture;
let other: TrackerFixture;

beforeAll(async () => {
  tracker = await TrackerFixture.start({
    RATE_LIMITS: LIMITS,
    REDIS_URL: redisUrl(),
    TRUSTED_PROXIES: '127.0.0.1',
  });
  other = await tracker.another();
});

afterAll(async () => {
  await other?.leave();
  await tracker?.stop();
});

/** An address whose /64 no other request has, also of the runs that share the Redis. */
function newAddress(): string {
  return `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`;
}

async function times(count: number, one: (index: number) => Promise<TrackerAnswer>) {
  const answers: TrackerAnswer[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await one(index));
  return answers;
}

const statuses = (answers: readonly TrackerAnswer[]) => answers.map(({ status }) => status);

const list = (user: UserRecord, on = tracker) => on.call('GET', '/pocs', { token: user.token });

const create = (user: UserRecord, on = tracker) =>
  on.call('POST', '/pocs', { token: user.token, body: { title: 'Cold-proof sensor' } });

/** Expects a refusal that tells its rule and when to come back. */
function expectRefusal(
  { status, error, headers }: TrackerAnswer,
  rule: string,
  policy: string,
  seconds: number,
): void {
  expect([status, error.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
  const retryAfter = Number(headers['retry-after']);
  expect(retryAfter).toBeGreaterThan(0);
  // The window moves in slots, so that a full one may take a little longer to end.
  expect(retryAfter).toBeLessThanOrEqual(seconds * 1.05);
  expect(headers).toMatchObject({
    'ratelimit-policy': `"${rule}";${policy}`,
    ratelimit: `"${rule}";r=0;t=${retryAfter}`,
  });
}

describe('the limits of a user in the tracker', () => {
  it('hold over all instances, tell what is left, and leave colleagues alone', async () => {
    const ana = await tracker.user();
    const answers = await times(4, (index) => list(ana, index % 2 === 0 ? tracker : other));
    expect(statuses(answers)).toEqual([200, 200, 200, 429]);
    expect(answers[0]?.headers).toMatchObject({
      'ratelimit-policy': '"reads:user";q=3;w=60',
      ratelimit: expect.stringMatching(/^"reads:user";r=2;t=6[0-2]$/) as unknown,
    });
    expectRefusal(answers[3] as TrackerAnswer, 'reads:user', 'q=3;w=60', 60);
    expect((await list(await tracker.user({ tenant: ana }))).status).toBe(200);
  });

  it('count all sessions of the user together', async () => {
    const ana = await tracker.user();
    const phone = await tracker.session(ana);
    expect(statuses(await times(3, () => list(ana)))).toEqual([200, 200, 200]);
    expect((await list(phone)).status).toBe(429);
  });

  it('let exactly the allowed number of 40 requests at once pass over two instances', async () => {
    const ana = await tracker.user();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => create(ana, index % 2 === 0 ? tracker : other)),
    );
    const passed = answers.filter(({ status }) => status !== 429);
    expect(statuses(passed)).toEqual([201, 201]);
    expect((await tracker.usage(ana.tenantId)).pocs).toBe(2);
  });

  it('count reads, writes and uploads apart', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    expect(statuses(await times(2, () => create(ana)))).toEqual([201, 429]);
    const uploads = await times(3, () => tracker.upload(ana, poc, Buffer.from('x')));
    expect(statuses(uploads)).toEqual([201, 201, 429]);
    expect((await list(ana)).status).toBe(200);
  });

  it('refuse an upload before anything of it is stored', async () => {
    const ana = await tracker.user();
    const colleague = await tracker.user({ tenant: ana, role: 'manager' });
    const poc = await tracker.poc(ana);
    await times(2, () => tracker.upload(ana, poc, Buffer.from('x')));
    const before = [await tracker.usage(ana.tenantId), tracker.stored()];
    const refused = await tracker.upload(ana, poc, Buffer.alloc(100_000));
    expectRefusal(refused, 'uploads:user', 'q=2;w=60', 60);
    expect([await tracker.usage(ana.tenantId), tracker.stored()]).toEqual(before);
    expect((await tracker.upload(colleague, poc, Buffer.from('x'))).status).toBe(201);
  });
});

describe('the limits of a tenant in the tracker', () => {
  it('refuse a hostile tenant and no other, which learns nothing of it', async () => {
    const eve = await tracker.user();
    const gang = [eve, await tracker.user({ tenant: eve }), await tracker.user({ tenant: eve })];
    const answers = await times(9, (index) => list(gang[index % 3] as UserRecord));
    expect(statuses(answers)).toEqual([...Array<number>(8).fill(200), 429]);
    expect(answers[0]?.headers['ratelimit-policy']).toBe('"reads:user";q=3;w=60');
    const refused = await list(await tracker.user({ tenant: eve }), other);
    expect(refused.status).toBe(429);
    expect(refused.headers['ratelimit']).toMatch(/^"reads:tenant";r=0;/);

    const ana = await tracker.user();
    const served = await times(3, () => list(ana));
    expect(statuses(served)).toEqual([200, 200, 200]);
    expect(served[0]?.headers['ratelimit']).toMatch(/^"reads:user";r=2;t=\d+$/);
  });

  it('do not count what the limit of a user refuses', async () => {
    const eve = await tracker.user();
    await times(20, () => list(eve));
    const [bia, boss] = [await tracker.user({ tenant: eve }), await tracker.user({ tenant: eve })];
    expect(statuses(await times(3, () => list(bia)))).toEqual([200, 200, 200]);
    expect(statuses(await times(2, () => list(boss)))).toEqual([200, 200]);
  });

  it('are those that operators have set for it', async () => {
    const ana = await tracker.tenant();
    const rules = { 'reads:user': '1/60', 'reads:tenant': 'off' };
    await tracker.sql('UPDATE tenants SET rate_limits = $2 WHERE id = $1', [
      ana.tenantId,
      JSON.stringify({ rules, shadow: [] }),
    ]);
    const user = await tracker.user({ tenant: ana });
    const answers = await times(2, () => list(user));
    expect(statuses(answers)).toEqual([200, 429]);
    expectRefusal(answers[1] as TrackerAnswer, 'reads:user', 'q=1;w=60', 60);
    expect(statuses(await times(3, async () => list(await tracker.user())))).toEqual([
      200, 200, 200,
    ]);
  });
});

describe('the limits of the public routes of the tracker', () => {
  const publicPoc = (host: string, from: string, more: Record<string, string> = {}) =>
    tracker.call('GET', '/public/pocs/0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f', {
      host,
      headers: { 'x-forwarded-for': from, ...more },
    });

  it('count by address, in whichever tenant', async () => {
    const tenants = [await tracker.tenant(), await tracker.tenant()];
    const from = newAddress();
    const answers = await times(4, (index) => publicPoc(tenants[index % 2]?.host ?? '', from));
    expect(statuses(answers)).toEqual([404, 404, 404, 429]);
    expectRefusal(answers[3] as TrackerAnswer, 'reads:ip', 'q=3;w=60', 60);
    expect((await publicPoc(tenants[0]?.host ?? '', newAddress())).status).toBe(404);
  });

  it('count a /64 of IPv6 as one address, and an invalid token as none', async () => {
    const { host } = await tracker.tenant();
    const from = newAddress();
    const answers = await times(4, (index) =>
      publicPoc(host, from.replace(/1$/, `${index + 1}`), { authorization: `Bearer ${index}` }),
    );
    expect(statuses(answers)).toEqual([404, 404, 404, 429]);
  });

  it('do not use up those of a user behind the same address', async () => {
    const ana = await tracker.user();
    const from = newAddress();
    await times(4, () => publicPoc(ana.host, from));
    const headers = { 'x-forwarded-for': from };
    expect((await tracker.call('GET', '/pocs', { token: ana.token, headers })).status).toBe(200);
  });

  it('never refuse a health probe', async () => {
    const probes = await Promise.all(
      Array.from({ length: 10 }, () => fetch(`${tracker.url}/health/live`)),
    );
    expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('a tracker in shadow mode', () => {
  it('refuses nothing by its rule, counts what the rule would refuse, and refuses by the others', async () => {
    const env = {
      RATE_LIMITS: 'all=1000000/60,reads:user=1/60,writes:user=1/60',
      RATE_LIMIT_SHADOW: 'reads:user',
    };
    const shadow = await TrackerFixture.start(env, tracker);
    try {
      const ana = await tracker.user();
      const reads = await times(4, () => list(ana, shadow));
      expect(statuses(reads)).toEqual([200, 200, 200, 200]);
      expect(reads[3]?.headers['ratelimit']).toBeUndefined();
      expect(statuses(await times(2, () => create(ana, shadow)))).toEqual([201, 429]);
      const endpoint = '/api/v1/pocs';
      expect(shadow.app.get(RateLimitHits).list()).toEqual([
        { tenantId: ana.tenantId, endpoint, identifier: 'user', count: 4 },
      ]);
    } finally {
      await shadow.leave();
    }
  });
});
