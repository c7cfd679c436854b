import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { type Behavior, FaultApp } from './fault-app.fixture.js';

/** The simple query that ends a transaction, on the wire. */
const COMMIT = Buffer.from('COMMIT\0');

/**
 * A proxy in front of PostgreSQL that delivers COMMIT, and loses the answer: it closes the connection instead, or never
 * passes anything on.
 */
class LossyProxy {
  loses: 'nothing' | 'the connection' | 'the answer' = 'nothing';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<LossyProxy> {
    const url = new URL(databaseUrl);
    const { port, hostname } = url;
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = new LossyProxy(server, url.href);
    server.on('connection', (near) => proxy.join(near, connect(Number(port), hostname)));
    return proxy;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(near: Socket, far: Socket): void {
    let committing = false;
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => [near, far].map((each) => each.destroy()));
    }
    near.on('data', (data) => {
      committing ||= this.loses !== 'nothing' && data.includes(COMMIT);
      far.write(data);
    });
    far.on('data', (data) => {
      if (!committing) near.write(data);
      // The server has answered, so it has committed.
      else if (this.loses === 'the connection') near.destroy();
    });
  }
}

let db: TestDatabase;
let proxy: LossyProxy;
let tenantId: string;

beforeAll(async () => {
  db = await createTestDatabase();
});

beforeEach(async () => {
  ({ tenantId } = await seedTenant(db));
});

afterEach(() => proxy.stop());

afterAll(() => db.drop());

const written = async (): Promise<number> =>
  (await db.sql(`SELECT FROM tenant_settings WHERE tenant_id = $1`, [tenantId])).length;

const WRITE = `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'registration.mode', '"open"')`;

describe('A request whose COMMIT is not answered', () => {
  let app: FaultApp;

  beforeEach(async () => {
    proxy = await LossyProxy.start(db.serviceUrl);
    const behavior: Behavior = {
      handlers: {
        write: (database) => database.query(WRITE, [tenantId]),
        // Ends its own transaction in the middle of the request.
        slow: async (database) => {
          await database.transaction(
            { tenantId, userId: null, role: 'admin', permissions: ['manage_settings'] },
            () => database.query(WRITE, [tenantId]),
          );
          return new Promise(() => undefined);
        },
      },
    };
    app = await FaultApp.start(
      { serviceUrl: proxy.url, poolMax: 2, requestTimeoutMs: 1_000 },
      behavior,
    );
  });

  afterEach(() => app.nest.close());

  it.each(['the connection', 'the answer'] as const)(
    'states that its outcome is unknown when it loses %s, and was committed',
    async (loses) => {
      proxy.loses = loses;
      const answer = await app.call('write', tenantId);
      expect(answer).toEqual({ status: 504, body: { code: 'OUTCOME_UNKNOWN' } });
      expect(await written()).toBe(1);
      proxy.loses = 'nothing';
      // The repetition tells what happened.
      expect((await app.call('write', tenantId)).status).not.toBe(201);
    },
  );

  it('states the same when it is interrupted after one of its transactions was committed', async () => {
    expect(await app.call('slow', tenantId)).toEqual({
      status: 504,
      body: { code: 'OUTCOME_UNKNOWN' },
    });
    expect(await written()).toBe(1);
  });
});

describe("An operator's transaction whose COMMIT is not answered", () => {
  it.each(['the connection', 'the answer'] as const)(
    'fails with OUTCOME_UNKNOWN when it loses %s, and was committed',
    async (loses) => {
      proxy = await LossyProxy.start(db.platformUrl);
      const database = new PlatformDatabase({
        url: proxy.url,
        tls: false,
        statementTimeoutMs: 500,
      });
      proxy.loses = loses;
      const name = `job ${loses}`;
      await expect(
        database.query(`SELECT claim_job($1, 1000, gen_random_uuid(), 1000)`, [name]),
      ).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      expect(await db.sql('SELECT FROM scheduled_jobs WHERE name = $1', [name])).toHaveLength(1);
      proxy.loses = 'nothing';
      await database.close();
    },
  );
});
