import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { pollUntil } from '@poc-tracker/embedded';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../e2e/service.fixture.js';

const BURST = 300;

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({ TRUSTED_PROXIES: '127.0.0.1', RATE_LIMITS: 'all=off' });
  await service.app.listen(0, '127.0.0.1');
});

afterAll(() => service?.stop());

async function open(): Promise<Socket> {
  const socket = connect(Number(new URL(await service.app.getUrl()).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** The connections that the service has accepted. */
function countConnections(): Promise<number> {
  const server = service.app.getHttpServer() as Server;
  return promisify(server.getConnections.bind(server))();
}

/** A route that waits for nothing else. */
function probe(tenantId: string, client: string): string {
  return [
    'GET /health/live HTTP/1.1',
    'Host: localhost',
    `X-Tenant-Id: ${tenantId}`,
    `X-Forwarded-For: ${client}`,
    '\r\n',
  ].join('\r\n');
}

describe('A burst of requests of one tenant', () => {
  it('does not delay the request of another tenant that arrives after all of them', async () => {
    const [hostile, other] = [randomUUID(), randomUUID()];
    const sockets = await Promise.all(Array.from({ length: BURST }, open));
    const last = await open();
    const accepted = async () => (await countConnections()) === BURST + 1 || undefined;
    expect(await pollUntil(accepted, 10_000)).toBe(true);
    let answered = 0;
    const answers = sockets.map(async (socket) => {
      await once(socket, 'data');
      answered += 1;
    });
    sockets.forEach((socket, index) => {
      socket.write(probe(hostile, `198.51.100.${index % 40}`));
    });
    last.write(probe(other, '203.0.113.9'));
    const [answer] = (await once(last, 'data')) as [Buffer];
    const before = answered;
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
    await Promise.all(answers);
    expect(before).toBeLessThan(BURST / 10);
    for (const socket of [...sockets, last]) socket.destroy();
  });
});
