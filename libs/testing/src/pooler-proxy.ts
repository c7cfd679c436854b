import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** BackendKeyData of the wire protocol: its type and length, before the process id. */
const KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12]);

export interface PoolerProxy {
  /** The given URL, through the proxy. */
  readonly url: string;
  close(): void;
}

/** A proxy that gives clients a process id of its own making, as connection poolers do. */
export async function startPoolerProxy(databaseUrl: string): Promise<PoolerProxy> {
  const url = new URL(databaseUrl);
  const { port, hostname } = url;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.pipe(far);
    far.on('data', (data: Buffer) => {
      const at = data.indexOf(KEY_DATA);
      if (at >= 0) data.writeInt32BE(7, at + KEY_DATA.length);
      near.write(data);
    });
    for (const socket of [near, far])
      socket.on('error', () => undefined).on('close', () => [near, far].map((s) => s.destroy()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: url.href, close: () => void server.close() };
}
