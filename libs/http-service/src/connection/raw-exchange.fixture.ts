import { connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Sends bytes, and returns everything received until the server closes the connection. */
export async function exchangeRaw(app: NestFastifyApplication, bytes: string): Promise<string> {
  const { port } = new URL(await app.getUrl());
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('close', () => {
      resolve(received);
    });
    socket.on('error', reject);
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer; received: ${received}`)));
  });
}
