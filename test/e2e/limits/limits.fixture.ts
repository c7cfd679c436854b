import { redisUrl } from '@poc-tracker/testing';
import { afterAll, beforeAll } from 'vitest';
import { type Answer, type Login, ServiceFixture } from '../service.fixture.js';

/** The limits of the contract, where the service trusts its caller to say where a request comes from. */
export const TRUE_LIMITS = { RATE_LIMITS: '', TRUSTED_PROXIES: '127.0.0.1' };

export let service: ServiceFixture;
export let other: ServiceFixture;

/** Starts two instances with these limits on one database and one Redis. */
export function useLimitedInstances(): void {
  beforeAll(async () => {
    service = await ServiceFixture.start({ ...TRUE_LIMITS, REDIS_URL: redisUrl() });
    other = await service.restarted();
  });

  afterAll(async () => {
    await other?.app.close();
    await service?.stop();
  });
}

let last = 0;

/** An address that no other test has used. */
export function newAddress(): string {
  last += 1;
  return `198.18.${Math.floor(last / 250)}.${(last % 250) + 1}`;
}

interface Attempt {
  host: string;
  email: string;
  password?: string;
  from?: string;
}

/** One attempt to log in from an address. */
export function attempt(
  on: ServiceFixture,
  { host, email, password = 'a wrong password', from = newAddress() }: Attempt,
): Promise<Answer<Login>> {
  return on.call<Login>('POST', '/auth/login', {
    host,
    body: { email, password },
    headers: { 'x-forwarded-for': from },
  });
}

/** The answers of several attempts, one after the other. */
export async function attempts(
  count: number,
  one: (index: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await one(index));
  return answers;
}

export const statuses = (answers: readonly { status: number }[]): number[] =>
  answers.map(({ status }) => status);
