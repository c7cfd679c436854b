import type { Answer, Login, ServiceFixture } from '../service.fixture.js';

/** The limits of the contract, where the service trusts its caller to say where a request comes from. */
export const TRUE_LIMITS = { RATE_LIMITS: '', TRUSTED_PROXIES: '127.0.0.1' };

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
  service: ServiceFixture,
  { host, email, password = 'a wrong password', from = newAddress() }: Attempt,
): Promise<Answer<Login>> {
  return service.call<Login>('POST', '/auth/login', {
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
