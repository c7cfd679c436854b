import { setTimeout as delay } from 'node:timers/promises';

/** An attack on one tenant: bursts of log-ins with the right password, once a second, from many addresses. */
export interface LogInBurst {
  url: string;
  seconds: number;
  /** Log-ins at once. */
  size: number;
  tenantId: string;
  emails: string[];
  password: string;
}

/** The number of answers by status, and of `lost` connections. */
export type BurstResult = Record<string, number>;

/** Each address has its turn in the queue of password hashing, so the attack takes as many turns within its tenant. */
const ADDRESSES = 40;

async function attack(order: LogInBurst): Promise<BurstResult> {
  const statuses: BurstResult = {};
  const logIn = async (index: number): Promise<void> => {
    const response = await fetch(`${order.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-tenant-id': order.tenantId,
        'x-forwarded-for': `203.0.113.${index % ADDRESSES}`,
      },
      body: JSON.stringify({
        email: order.emails[index % order.emails.length],
        password: order.password,
      }),
    });
    await response.arrayBuffer();
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
  };
  const end = performance.now() + order.seconds * 1_000;
  while (performance.now() < end) {
    const next = performance.now() + 1_000;
    const lost = (): void => {
      statuses['lost'] = (statuses['lost'] ?? 0) + 1;
    };
    await Promise.all(Array.from({ length: order.size }, (_, index) => logIn(index).catch(lost)));
    await delay(Math.max(0, next - performance.now()));
  }
  return statuses;
}

// Its own process, so that it does not delay the requests that are measured.
process.once('message', (order) => {
  void attack(order as LogInBurst).then((statuses) =>
    process.send?.(statuses, () => process.disconnect()),
  );
});
