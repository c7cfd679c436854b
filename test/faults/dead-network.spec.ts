import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Behavior, FaultApp } from './fault-app.fixture.js';

const REQUEST_TIMEOUT_MS = 500;

/** A proxy in front of PostgreSQL that can drop all data without closing connections. */
class Proxy {
  private readonly sockets = new Set<Socket>();
  private frozen = false;

  private constructor(private readonly server: Server) {}

  static async start({ port, hostname }: URL): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server);
    server.on('connection', (near) => proxy.join(near, connect(Number(port), hostname)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Existing connections stay dead. New ones work again after `thaw`. */
  freeze(): void {
    this.frozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.frozen = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => undefined).on('close', () => to.destroy());
      if (this.frozen) from.pause();
    }
  }
}

describe('A network that swallows packets', () => {
  let db: TestDatabase;
  let proxy: Proxy;
  let app: FaultApp;
  let tenantId: string;
  let behavior: Behavior;

  beforeEach(async () => {
    db = await createTestDatabase();
    ({ tenantId } = await seedTenant(db));
    const url = new URL(db.serviceUrl);
    proxy = await Proxy.start(url);
    url.host = `127.0.0.1:${proxy.port}`;
    behavior = { handlers: { read: (database) => database.query('SELECT 1 AS one') } };
    app = await FaultApp.start(
      { serviceUrl: url.href, poolMax: 1, requestTimeoutMs: REQUEST_TIMEOUT_MS },
      behavior,
    );
  });

  afterEach(async () => {
    await app.nest.close();
    await proxy.stop();
    await db.drop();
  });

  it.each([
    ['under a statement', true, { status: 503, body: { code: 'SERVICE_UNAVAILABLE' } }],
    ['under the commit', false, { status: 504, body: { code: 'OUTCOME_UNKNOWN' } }],
  ])(
    '%s fails the request in time and costs the pool only that connection',
    async (_when, statementFollows, answer) => {
      behavior.handlers['stuck'] = async (database) => {
        await database.query('SELECT 1');
        proxy.freeze();
        return statementFollows ? database.query('SELECT 2') : { done: true };
      };
      const began = performance.now();
      expect(await app.call('stuck', tenantId)).toEqual(answer);
      expect(performance.now() - began).toBeLessThan(REQUEST_TIMEOUT_MS + 1_000);
      proxy.thaw();
      await vi.waitFor(
        () => expect(app.database.totals()).toMatchObject({ total: 0, waiting: 0 }),
        { timeout: 8_000 },
      );
      expect(await app.call('read', tenantId)).toEqual({ status: 201, body: [{ one: 1 }] });
    },
  );
});
