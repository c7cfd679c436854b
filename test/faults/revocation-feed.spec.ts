import { setTimeout as delay } from 'node:timers/promises';
import { canStartRedis, startRedis, type TestRedis } from '@poc-tracker/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Consumer,
  FeedFixture,
  type Outcome,
  report,
  type Session,
  WORLD_START_MS,
} from './feed.fixture.js';

/**
 * How long a process is frozen. A minute would test the same: the data in its memory and sockets is older than the bound
 * when it continues. Set FREEZE_MS=60000 to try a minute.
 */
const FREEZE_MS = Number(process.env['FREEZE_MS'] ?? 3_000);

const ROUNDS = 12;

const expectNoneLate = (outcomes: readonly Outcome[]): void => {
  expect(outcomes.flatMap(({ late }) => late)).toEqual([]);
  expect(outcomes.flatMap(({ latencies }) => latencies)).not.toContain(Infinity);
};

/** Repeats a fault while the work goes on. */
async function during<T>(fault: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  let done = false;
  const faults = (async () => {
    while (!done) {
      await fault();
      await delay(150);
    }
  })();
  try {
    return await work();
  } finally {
    done = true;
    await faults;
  }
}

for (const transport of ['PostgreSQL', 'Redis'] as const) {
  // These tests stop and restart Redis, so they need a server of their own.
  const skip = transport === 'Redis' && !canStartRedis();
  describe.skipIf(skip)(`Revocations reach three processes through ${transport}`, () => {
    let redis: TestRedis | undefined;
    let world: FeedFixture;

    beforeAll(async () => {
      if (transport === 'Redis') redis = await startRedis();
      world = await FeedFixture.start(redis?.url);
    }, WORLD_START_MS);

    afterAll(async () => {
      await world.stop();
      await redis?.stop();
    });

    async function revokeManyTimes(what: string, rounds = ROUNDS): Promise<Outcome[]> {
      const outcomes: Outcome[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const session = await world.session();
        outcomes.push(await world.observe(session, () => world.end(session)));
      }
      report(`${transport}, ${what}`, outcomes);
      return outcomes;
    }

    it('and refuse a session within the bound, without a query per request', async () => {
      const before = await Promise.all(world.consumers.map((consumer) => consumer.state()));
      const outcomes = await revokeManyTimes('undisturbed', 2 * ROUNDS);
      expectNoneLate(outcomes);
      const after = await Promise.all(world.consumers.map((consumer) => consumer.state()));
      const asked = after.reduce(
        (sum, { asked: count }, index) => sum + count - (before[index]?.asked ?? 0),
        0,
      );
      const answers = outcomes.reduce((sum, outcome) => sum + outcome.answers, 0);
      console.log(`${transport}: ${asked} questions for ${answers} answers`);
      // One query per new session, and more only if the machine paused a process for 100 ms.
      expect(asked).toBeLessThan(answers / 4);
    });

    it('and change role, plan and tenant within the bound', async () => {
      const outcomes: Outcome[] = [];
      const change = async (
        session: Session,
        sql: string,
        id: string,
        shows: Parameters<FeedFixture['observe']>[2],
      ) => {
        const run = async () => void (await world.admin.query(sql, [id]));
        outcomes.push(await world.observe(session, run, shows));
      };
      for (let round = 0; round < 3; round += 1) {
        const session = await world.session();
        const { userId, tenantId } = session;
        await change(
          session,
          `UPDATE users SET role = 'viewer' WHERE id = $1`,
          userId,
          ({ role }) => role === 'viewer',
        );
        await change(
          session,
          `UPDATE tenants SET plan_type = 'pro' WHERE id = $1`,
          tenantId,
          ({ plan }) => plan === 'pro',
        );
        await change(
          session,
          `UPDATE tenants SET plan_type = 'basic' WHERE id = $1`,
          tenantId,
          ({ plan }) => plan === 'basic',
        );
        await change(
          session,
          `UPDATE users SET status = 'suspended' WHERE id = $1`,
          userId,
          ({ code }) => code === 'TOKEN_REVOKED',
        );
        await change(
          session,
          `UPDATE users SET status = 'active' WHERE id = $1`,
          userId,
          ({ accepted }) => accepted,
        );
        await change(
          session,
          `UPDATE tenants SET status = 'suspended' WHERE id = $1`,
          tenantId,
          ({ code }) => code === 'INVALID_TENANT',
        );
        await change(
          session,
          `UPDATE tenants SET status = 'active' WHERE id = $1`,
          tenantId,
          ({ accepted }) => accepted,
        );
      }
      report(`${transport}, rights and tenants`, outcomes);
      expectNoneLate(outcomes);
    });

    it('and lose no event of a transaction that commits long after later ones', async () => {
      const [early, late] = [await world.session(), await world.session()];
      const long = await world.admin.connect();
      await long.query('BEGIN');
      await long.query('UPDATE user_sessions SET is_active = false WHERE id = $1', [early.id]);
      const outcomes = [await world.observe(late, () => world.end(late))];
      for (const consumer of world.consumers)
        expect(await consumer.check(early)).toMatchObject({ accepted: true });
      outcomes.push(await world.observe(early, async () => void (await long.query('COMMIT'))));
      long.release();
      expectNoneLate(outcomes);
    });

    it('and refuse within the bound while the connections of the feed are terminated', async () => {
      const terminate = () =>
        world.admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name LIKE '%-feed' AND datname = current_database()`,
        );
      expectNoneLate(await during(terminate, () => revokeManyTimes('feed connections ended')));
    });

    it('and refuse within the bound while all connections are terminated, also where no process can be asked', async () => {
      const terminate = () =>
        world.admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE usename = 'poc_tracker_service' AND datname = current_database()`,
        );
      expectNoneLate(await during(terminate, () => revokeManyTimes('all connections ended', 5)));
    });

    it(
      `and refuse at the first request after a freeze of ${FREEZE_MS} ms what was revoked meanwhile`,
      async () => {
        const outcomes: Outcome[] = [];
        const freeze = async (frozen: Consumer): Promise<void> => {
          const session = await world.session();
          const others = world.consumers.filter((consumer) => consumer !== frozen);
          const warm = await frozen.check(session);
          expect(warm.accepted).toBe(true);
          frozen.freeze();
          // Stays in the socket until the process continues, which reads it first.
          outcomes.push(await world.observe(session, () => world.end(session), undefined, others));
          const waiting = [1, 2, 3].map(() => frozen.check(session));
          await delay(FREEZE_MS);
          frozen.thaw();
          for (const answer of await Promise.all(waiting)) expect(answer.accepted).toBe(false);
          expect(await frozen.check(session)).toMatchObject({
            accepted: false,
            code: 'TOKEN_REVOKED',
          });
        };
        for (const consumer of world.consumers) await freeze(consumer);
        report(`${transport}, beside a frozen process`, outcomes);
        expectNoneLate(outcomes);
      },
      4 * FREEZE_MS + 60_000,
    );

    it.runIf(transport === 'Redis')(
      'and refuse within the bound while Redis is flushed, stopped and restarted',
      async () => {
        if (redis === undefined) throw new Error('There is no Redis to break.');
        const { url } = redis;
        const client = new Redis(url);
        client.on('error', () => undefined);
        expectNoneLate(
          await during(
            () => client.flushall(),
            () => revokeManyTimes('Redis flushed'),
          ),
        );
        client.disconnect();
        await redis.stop();
        expectNoneLate(await revokeManyTimes('Redis stopped'));
        redis = await startRedis(Number(new URL(url).port));
        expectNoneLate(await revokeManyTimes('Redis started again'));
        let running = redis;
        expectNoneLate(
          await during(
            async () => {
              await running.stop();
              running = await startRedis(Number(new URL(url).port));
              redis = running;
              await delay(300);
            },
            () => revokeManyTimes('Redis restarted again and again'),
          ),
        );
      },
    );

    it.runIf(transport === 'Redis')('and leave PostgreSQL to one process', async () => {
      const questions = new Map<string, Set<string>>();
      for (let sample = 0; sample < 150; sample += 1) {
        const { rows } = await world.admin.query<{ name: string; started: string }>(
          `SELECT application_name AS name, query_start::text AS started FROM pg_stat_activity
            WHERE application_name LIKE '%-feed' AND datname = current_database()`,
        );
        for (const { name, started } of rows)
          questions.set(name, (questions.get(name) ?? new Set()).add(started));
        await delay(10);
      }
      const counts = [...questions.values()].map(({ size }) => size).sort((a, b) => b - a);
      console.log(`Redis: questions to PostgreSQL per process meanwhile: ${counts.join(' ')}`);
      const [leader = 0, ...others] = counts;
      expect(others).toHaveLength(2);
      expect(others.reduce((sum, count) => sum + count, 0)).toBeLessThan(leader);
    });
  });
}
