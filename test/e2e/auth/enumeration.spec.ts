import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MailRequests } from '../../../apps/auth-service/src/auth/mail-requests/mail-requests.js';
import { type Answer, ServiceFixture } from '../service.fixture.js';
import { bare } from '../users/users.fixture.js';

const TRIES = 200;

/** Of a lock's 5 failures. */
const TRIES_PER_USER = 4;

/** The first requests of a process, and of a minute in the audit log, take longer than all others. */
const WARM_UP = 12;

/** Two medians of one run may differ by this. */
const TOLERANCE = 0.1;

/** Of requests that take about a millisecond, a tenth is noise. Above a median of 5 ms this allows no more than the tenth does. */
const TOLERANCE_MS = 0.5;

/** The machine may be busy with something else in one run, and not in all of them. */
const RUNS = 3;

const WRONG = 'not the password at all';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(() => service?.stop());

type Kinds = Readonly<Record<string, () => Promise<Answer>>>;

interface Rounds {
  /** By kind of request: the time of each try, as a share of the mean of its round. */
  times: Map<string, number[]>;
  /** The means of all rounds, in milliseconds. */
  means: number[];
  /** What was answered, apart from the id of the request. */
  answers: Set<string>;
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;

/**
 * Sends a request of each kind in every round, one after the other and in random order. Times are compared within a round, so
 * that it does not matter if the machine becomes busier meanwhile.
 */
async function interleave(
  kinds: Kinds,
  rounds: number,
  settle: () => Promise<void>,
): Promise<Rounds> {
  const times = new Map(Object.keys(kinds).map((name): [string, number[]] => [name, []]));
  const answers = new Set<string>();
  const means: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const order = Object.entries(kinds)
      .map(([name, send]) => ({ name, send, position: Math.random() }))
      .sort((one, other) => one.position - other.position);
    const tries: { name: string; ms: number }[] = [];
    for (const { name, send } of order) {
      await settle();
      const began = performance.now();
      const answer = await send();
      tries.push({ name, ms: performance.now() - began });
      answers.add(JSON.stringify(bare(answer)));
    }
    const mean = tries.reduce((sum, { ms }) => sum + ms, 0) / tries.length;
    means.push(mean);
    for (const { name, ms } of tries) times.get(name)?.push(ms / mean);
  }
  return { times, means, answers };
}

/**
 * Expects the kinds to have one answer, and medians that are alike in one of a few runs.
 * @param settle awaits the work that requests leave behind, so that it does not slow down the next one
 */
async function expectIndistinguishable(
  arrange: () => Promise<Kinds>,
  settle = () => Promise.resolve(),
): Promise<void> {
  const runs: Record<string, number>[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const kinds = await arrange();
    await interleave(kinds, WARM_UP, settle);
    const { times, means, answers } = await interleave(kinds, TRIES, settle);
    expect([...answers]).toHaveLength(1);
    const medians = [...times].map(([name, values]): [string, number] => [name, median(values)]);
    runs.push(Object.fromEntries(medians));
    const values = medians.map(([, value]) => value);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    if (most <= least * (1 + TOLERANCE) || (most - least) * median(means) <= TOLERANCE_MS) return;
  }
  expect.fail(`The time of an answer tells the kinds apart: ${JSON.stringify(runs)}`);
}

/** A tenant whose users may log in by a link or a code. */
async function passwordlessTenant() {
  const tenant = await service.tenant({ maxUsers: 1_000 });
  await service.sql(
    `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value, chosen)
     VALUES ($1, 'login', '{"magicLink": true, "emailCode": true}', '{magicLink,emailCode}')`,
    [tenant.tenantId],
  );
  return tenant;
}

describe('The time of a refusal', () => {
  it('of a log-in is the same for every account, with a second factor and without, unknown, suspended and locked', async () => {
    const { host, tenantId } = await service.tenant({ maxUsers: 1_000 });
    const logIn = ({ email, password }: { email: string; password: string }) =>
      service.call('POST', '/auth/login', { host, body: { email, password } });
    /** A few tries of each of several users, so that no try locks one. */
    const spread = async (status: 'active' | 'suspended', factors: string[] = []) => {
      const count = Math.ceil((TRIES + WARM_UP) / TRIES_PER_USER);
      const seeded = Array.from({ length: count }, () => service.user(tenantId, { status }));
      const users = await Promise.all(seeded);
      const ids = users.map(({ userId }) => userId);
      await service.sql('UPDATE users SET factors = $2 WHERE id = ANY ($1)', [ids, factors]);
      let tried = 0;
      return () => users[tried++ % count] ?? locked;
    };
    const locked = await service.user(tenantId);
    for (let failure = 0; failure < 6; failure += 1) await logIn({ ...locked, password: WRONG });
    await expectIndistinguishable(async () => {
      const [known, suspended] = [await spread('active'), await spread('suspended')];
      const enrolled = await spread('active', ['totp']);
      return {
        known: () => logIn({ ...known(), password: WRONG }),
        enrolled: () => logIn({ ...enrolled(), password: WRONG }),
        unknown: () => logIn({ email: `${randomUUID()}@example.com`, password: WRONG }),
        suspended: () => logIn(suspended()),
        locked: () => logIn(locked),
      };
    });
  }, 240_000);

  it('of an invitation is the same for an unknown and a revoked one', async () => {
    const { host, tenantId } = await service.tenant();
    const admin = await service.user(tenantId, { role: 'admin' });
    const { accessToken: token } = (await service.login(host, admin)).tokens;
    const sent = await service.call<{ token: string; invitation: { id: string } }>(
      'POST',
      '/auth/invitations',
      { host, token, body: { email: 'invited@example.com', role: 'user' } },
    );
    const { token: known, invitation } = sent.data;
    await service.call('DELETE', `/auth/invitations/${invitation.id}`, { host, token });
    const inspect = (text: string) =>
      service.call('POST', '/auth/invitations/inspect', { host, body: { token: text } });
    const unknown = () => `${known.slice(0, -43)}${randomBytes(32).toString('base64url')}`;
    await expectIndistinguishable(async () => ({
      revoked: () => inspect(known),
      unknown: () => inspect(unknown()),
    }));
  }, 60_000);

  it.each(['/auth/password/forgot', '/auth/magic-link', '/auth/code'])(
    'of a request for a mail is the same for every account: %s',
    async (path) => {
      const { host, tenantId } = await passwordlessTenant();
      const foreign = await service.user((await service.tenant()).tenantId);
      const [known, suspended, inactive] = await Promise.all([
        service.user(tenantId),
        service.user(tenantId, { status: 'suspended' }),
        service.user(tenantId, { status: 'inactive' }),
      ]);
      const ask = (email: string) => service.call('POST', path, { host, body: { email } });
      const requests = service.app.get(MailRequests, { strict: false });
      await expectIndistinguishable(
        async () => ({
          known: () => ask(known.email),
          unknown: () => ask(`${randomUUID()}@example.com`),
          suspended: () => ask(suspended.email),
          inactive: () => ask(inactive.email),
          foreign: () => ask(foreign.email),
        }),
        () => requests.onApplicationShutdown(),
      );
    },
    240_000,
  );

  it('of a log-in by a wrong code is the same for a known, an unknown and a suspended account', async () => {
    const { host, tenantId } = await passwordlessTenant();
    const suspended = await service.user(tenantId, { status: 'suspended' });
    const count = Math.ceil((TRIES + WARM_UP) / TRIES_PER_USER);
    const enter = (email: string) =>
      service.call('POST', '/auth/code/login', { host, body: { email, code: '000000' } });
    const requests = service.app.get(MailRequests, { strict: false });
    await expectIndistinguishable(async () => {
      const users = await Promise.all(Array.from({ length: count }, () => service.user(tenantId)));
      for (const { email } of users) {
        await service.call('POST', '/auth/code', { host, body: { email } });
        await requests.onApplicationShutdown();
      }
      let tried = 0;
      return {
        known: () => enter(users[tried++ % count]?.email ?? ''),
        unknown: () => enter(`${randomUUID()}@example.com`),
        suspended: () => enter(suspended.email),
      };
    });
  }, 240_000);
});
