import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { type ServerProcess, startServer } from '../service-process.js';

export interface Session {
  tenantId: string;
  userId: string;
  id: string;
}

/** The answer of a process about a session, with the times of request and response. */
export interface Observation {
  sent: number;
  received: number;
  accepted: boolean;
  code?: string;
  role?: string;
  plan?: string;
}

export interface ConsumerState {
  /** How often it queried a session. */
  asked: number;
  /** How often it opened a revocation stream over HTTP. */
  streams: number;
  /** The age of its cache in milliseconds; null while it is incomplete. */
  age: number | null;
}

/** After this time the feed guarantees that a revoked session is refused. */
const BOUND_MS = 100;

const WARM_UP_MS = 20_000;

/** Enough to start three processes from source, one after the other, on a busy machine. */
export const WORLD_START_MS = 120_000;

/** One of the processes. */
export class Consumer {
  constructor(
    readonly name: string,
    private readonly server: ServerProcess,
  ) {}

  /** @param env where the program queries sessions and receives revocations. */
  static async start(name: string, env: NodeJS.ProcessEnv): Promise<Consumer> {
    const program = ['--import', 'tsx', join(import.meta.dirname, 'feed-consumer.ts')];
    const server = await startServer(
      [process.execPath, ...program],
      { ...env, NAME: name },
      '/state',
    );
    return new Consumer(name, server);
  }

  async check({ tenantId, userId, id }: Session): Promise<Observation> {
    const sent = performance.now();
    const query = new URLSearchParams({ tenant: tenantId, user: userId, session: id });
    const response = await fetch(`${this.server.url}/check?${query.toString()}`);
    const answer = (await response.json()) as Omit<Observation, 'sent' | 'received'>;
    return { ...answer, sent, received: performance.now() };
  }

  async state(): Promise<ConsumerState> {
    const response = await fetch(`${this.server.url}/state`);
    return (await response.json()) as ConsumerState;
  }

  /** Stops every thread of the process immediately. */
  freeze(): void {
    this.server.process.kill('SIGSTOP');
  }

  thaw(): void {
    this.server.process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.server.stop();
  }
}

/** A database and processes that all cache the status of its sessions. */
export class FeedFixture {
  readonly consumers: Consumer[] = [];

  private constructor(
    readonly database: TestDatabase,
    /** The superuser. */
    readonly admin: pg.Pool,
    readonly tenantId: string,
  ) {}

  /** Two instances and a sibling service, each its own process. */
  static async start(redisUrl?: string): Promise<FeedFixture> {
    const database = await createTestDatabase();
    const admin = new pg.Pool({ connectionString: database.adminUrl, max: 4 });
    admin.on('error', () => undefined);
    const { tenantId } = await seedTenant(database, { maxUsers: 1_000 });
    const env = { DATABASE_URL: database.serviceUrl, REDIS_URL: redisUrl ?? '' };
    const world = new FeedFixture(database, admin, tenantId);
    try {
      for (const name of ['one', 'two', 'sibling'])
        world.consumers.push(await Consumer.start(name, env));
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** Creates a user with a session that every process has accepted and cached. */
  async session(tenantId = this.tenantId): Promise<Session> {
    const { userId } = await seedUser(this.database, tenantId);
    const { rows } = await this.admin.query<{ id: string }>(
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       VALUES ($1, $2, sha256($3::text::bytea), '\\x00', now() + interval '1 day') RETURNING id`,
      [tenantId, userId, randomUUID()],
    );
    const session = { tenantId, userId, id: rows[0]?.id ?? '' };
    for (const consumer of this.consumers) {
      const deadline = performance.now() + WARM_UP_MS;
      for (;;) {
        const { accepted, code } = await consumer.check(session);
        if (accepted) break;
        if (performance.now() > deadline)
          throw new Error(`${consumer.name} refuses: ${code ?? '?'}`);
        await delay(20);
      }
    }
    return session;
  }

  /** Revokes a session as the service does. Resolves when PostgreSQL has confirmed the commit. */
  async end({ id }: Session): Promise<void> {
    await this.admin.query('UPDATE user_sessions SET is_active = false WHERE id = $1', [id]);
  }

  /**
   * Queries all processes about a session continuously, makes the change meanwhile, and continues until each has shown it
   * and the bound has passed.
   * @param shows whether an answer shows the change; until then the process is asked.
   */
  async observe(
    session: Session,
    change: () => Promise<void>,
    shows: (seen: Observation) => boolean = ({ accepted }) => !accepted,
    consumers: readonly Consumer[] = this.consumers,
  ): Promise<Outcome> {
    const seen = consumers.map((): Observation[] => []);
    let changedAt = Infinity;
    const observations = consumers.map(async (consumer, index) => {
      for (;;) {
        const answer = await consumer.check(session);
        seen[index]?.push(answer);
        if (answer.sent > changedAt + 2 * BOUND_MS && shows(answer)) return;
        if (answer.sent > changedAt + 10_000) return;
      }
    });
    await delay(30);
    await change();
    changedAt = performance.now();
    await Promise.all(observations);
    return {
      latencies: seen.map((answers) => {
        const first = answers.find((answer) => answer.received > changedAt && shows(answer));
        return first === undefined ? Infinity : first.received - changedAt;
      }),
      late: seen.flat().filter((answer) => answer.sent > changedAt + BOUND_MS && !shows(answer)),
      answers: seen.flat().length,
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.stop()));
    await this.admin.end();
    await this.database.drop();
  }
}

export interface Outcome {
  /** The time from the confirmed change to the first answer that showed it, per process, in milliseconds. */
  latencies: number[];
  /** Answers to requests after the bound that did not show the change. */
  late: Observation[];
  answers: number;
}

export function report(what: string, outcomes: readonly Outcome[]): void {
  const all = outcomes.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  const median = all[Math.floor(all.length / 2)] ?? NaN;
  const answers = outcomes.reduce((sum, outcome) => sum + outcome.answers, 0);
  const late = outcomes.reduce((sum, outcome) => sum + outcome.late.length, 0);
  console.log(
    `${what}: ${all.length} measurements, median ${median.toFixed(1)} ms, max ${(all.at(-1) ?? NaN).toFixed(1)} ms; ` +
      `${answers} answers, ${late} accepted later than ${BOUND_MS} ms`,
  );
}
