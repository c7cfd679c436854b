import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface FloodRequest {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** Requests that an attack sends at once, once a second. */
export interface Flood {
  size: number;
  /** They are sent in turn. */
  requests: readonly FloodRequest[];
  /** True: a connection for each request. Default false. */
  newConnections?: boolean;
  /** True: responses stay open and unread until the end, and only those that the service ends are replaced. Default false. */
  unread?: boolean;
}

export interface FloodOrder extends Flood {
  url: string;
  seconds: number;
}

/** The number of responses by status, and of `lost` connections. */
export type Statuses = Record<string, number>;

/** What limits a client limits each address, so an attack that uses many gets the share of as many clients. */
const ADDRESSES = 40;

/** Milliseconds until a response that does not start counts as lost. */
const RESPONSE_MS = 30_000;

async function flood(order: FloodOrder): Promise<Statuses> {
  const statuses: Statuses = {};
  const open = new Set<ClientRequest>();
  const agent = order.newConnections === true ? false : new Agent({ keepAlive: true });
  const count = (status: string): void => {
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  let sent = 0;
  /** Resolves with the end of the response, or with its start if it stays unread. */
  const send = (): Promise<void> =>
    new Promise((resolve) => {
      const next = order.requests[sent % order.requests.length] as FloodRequest;
      const address = `203.0.113.${sent % ADDRESSES}`;
      sent += 1;
      const outgoing = request(order.url + next.path, {
        method: next.method,
        headers: { ...next.headers, 'x-forwarded-for': address },
        agent,
        signal: AbortSignal.timeout(order.seconds * 1_000 + RESPONSE_MS),
      });
      open.add(outgoing);
      outgoing.on('response', (response: IncomingMessage) => {
        count(String(response.statusCode));
        if (order.unread === true && response.statusCode === 200) resolve();
        else response.resume();
        response.on('error', () => undefined);
      });
      outgoing.on('error', () => count('lost'));
      outgoing.on('close', () => {
        open.delete(outgoing);
        resolve();
      });
      outgoing.end(next.body);
    });
  const end = performance.now() + order.seconds * 1_000;
  while (performance.now() < end) {
    const next = performance.now() + 1_000;
    await Promise.all(Array.from({ length: order.size - open.size }, send));
    await delay(Math.max(0, next - performance.now()));
  }
  for (const unread of open)
    unread
      .removeAllListeners('error')
      .on('error', () => undefined)
      .destroy();
  return statuses;
}

// Its own process, so that it does not delay the requests that are measured.
process.once('message', (order) => {
  void flood(order as FloodOrder).then((statuses) =>
    process.send?.(statuses, () => process.disconnect()),
  );
});
