import { once } from 'node:events';
import { connect } from 'node:net';
import { tracker } from '../running-tracker.fixture.js';
import type { UserRecord } from '../tracker.fixture.js';

/** Returns the paths of a tenant's files in the storage folder. */
export function storedOf({ tenantId }: UserRecord): string[] {
  return tracker.stored().filter((path) => path.includes(tenantId));
}

/** Sends bytes as they are and returns the socket. */
export async function send(head: string[], body: Buffer | string = '') {
  const { hostname, port } = new URL(tracker.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(body);
  return { socket, closed, answer: () => answer };
}
