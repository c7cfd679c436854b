import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { assertPortIsFree } from './port.check.js';

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
    server.close();
  });

  it('refuses an address that is not one of this machine', async () => {
    // RFC 5737: reserved for documentation, never assigned.
    await expect(assertPortIsFree('192.0.2.1', 0)).rejects.toThrow(
      'HOST=192.0.2.1 is not an address of this machine',
    );
  });
});
