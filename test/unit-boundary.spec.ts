import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failOnViolation } from './unit-boundary.js';

/** A thread has its own modules, so the boundary takes this server for one of another process. */
const FOREIGN_SERVER = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:http').createServer((_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

let thread: Worker;
let foreign: string;

beforeAll(async () => {
  thread = new Worker(FOREIGN_SERVER, { eval: true });
  const [port] = (await once(thread, 'message')) as [number];
  foreign = `127.0.0.1:${port}`;
});

afterAll(() => thread.terminate());

describe('the boundary of unit tests', () => {
  it('allows a connection to a server in the same process', async () => {
    const own = createServer((_request, response) => response.end('hello'));
    own.listen(0, '127.0.0.1');
    await once(own, 'listening');
    const { port } = own.address() as AddressInfo;
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('hello');
    own.closeAllConnections();
    own.close();
    expect(failOnViolation).not.toThrow();
  });

  it('allows a connection that is refused', async () => {
    await expect(fetch('http://127.0.0.1:1')).rejects.toThrow();
    expect(failOnViolation).not.toThrow();
  });

  it('fails a test that connected to a server of another process, even if the test ignored the error', async () => {
    await fetch(`http://${foreign}`).catch(() => undefined);
    expect(failOnViolation).toThrow(`connected to ${foreign}. A unit test`);
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
