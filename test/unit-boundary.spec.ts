import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let foreign: Server;
let failOnViolation: () => void;

async function startServer(): Promise<Server> {
  const server = createServer((_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  // Started before the boundary exists, which therefore takes it for a server of another process.
  foreign = await startServer();
  ({ failOnViolation } = await import('./unit-boundary.js'));
});

afterAll(() => {
  foreign.close();
});

describe('the boundary of unit tests', () => {
  it('allows a connection to a server in the same process', async () => {
    const own = await startServer();
    expect(await (await fetch(urlOf(own))).text()).toBe('hello');
    own.closeAllConnections();
    own.close();
    expect(failOnViolation).not.toThrow();
  });

  it('allows a connection that is refused', async () => {
    await expect(fetch('http://127.0.0.1:1')).rejects.toThrow();
    expect(failOnViolation).not.toThrow();
  });

  it('fails a test that connected to a server of another process, even if the test ignored the error', async () => {
    await fetch(urlOf(foreign)).catch(() => undefined);
    expect(failOnViolation).toThrow(`connected to ${new URL(urlOf(foreign)).host}. A unit test`);
    expect(failOnViolation).not.toThrow();
  });

  it('fails a test that connected to another host', async () => {
    await fetch('http://tracker.example').catch(() => undefined);
    expect(failOnViolation).toThrow('connected to tracker.example:80');
  });

  it.each([
    ['spawn', () => spawn('true')],
    ['execFileSync', () => execFileSync('true')],
  ])('fails a test that started a process with %s', (_method, start) => {
    expect(start).toThrow('started a process');
    expect(failOnViolation).toThrow('started a process');
  });
});
