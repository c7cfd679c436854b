import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertPortIsFree, assertPortsDiffer } from './port.check.js';

describe('assertPortIsFree', () => {
  it('accepts a free port and does not occupy it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await assertPortIsFree('127.0.0.1', port);
    await assertPortIsFree('127.0.0.1', port);
  });

  it('refuses a port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(assertPortIsFree('127.0.0.1', port)).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is in use`,
    );
    const hint = await assertPortIsFree('127.0.0.1', port).catch((error: Error) => error.message);
    expect(hint).not.toContain(`PORT=${port + 1} `);
    server.close();
  });

  it('refuses an address that is not one of this machine', async () => {
    // RFC 5737: reserved for documentation, never assigned.
    await expect(assertPortIsFree('192.0.2.1', 0)).rejects.toThrow(
      'HOST=192.0.2.1 is not an address of this machine',
    );
  });
});

describe('assertPortsDiffer', () => {
  it('names TRACKER_PORT if the tracker would get the port of the service', () => {
    expect(() => assertPortsDiffer(4611, 4611)).toThrow('TRACKER_PORT=4621 npm start');
    expect(() => assertPortsDiffer(4611, 4612)).not.toThrow();
    expect(() => assertPortsDiffer(0, 0)).not.toThrow();
  });
});
