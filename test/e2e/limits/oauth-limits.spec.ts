import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceClient } from '../oauth/oauth.fixture.js';
import { ServiceFixture } from '../service.fixture.js';
import { newAddress, TRUE_LIMITS } from './limits.fixture.js';

const ATTEMPTS = 3;

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({
    ...TRUE_LIMITS,
    RATE_LIMITS: `oauth:client=${ATTEMPTS}/900`,
  });
});

afterAll(async () => {
  await service?.stop();
});

/** An introspection with the credentials in the body, where a proxy says which address it comes from. */
const introspect = async (id: string, secret: string, from: string): Promise<number> => {
  const response = await service.app.inject({
    method: 'POST',
    url: '/api/v1/oauth/introspect',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from },
    payload: new URLSearchParams({ token: 'x', client_id: id, client_secret: secret }).toString(),
  });
  return response.statusCode;
};

describe('the limits of service clients', () => {
  it('that send their credentials in the body are those of one client at one address', async () => {
    const [tried, other] = [await serviceClient(service), await serviceClient(service)];
    const stranger = newAddress();
    const answers: number[] = [];
    for (let attempt = 0; attempt <= ATTEMPTS; attempt += 1)
      answers.push(await introspect(tried.id, 'a wrong secret', stranger));
    expect(answers).toEqual([...Array<number>(ATTEMPTS).fill(401), 429]);
    expect(await introspect(tried.id, tried.secret, stranger)).toBe(429);
    expect(await introspect(tried.id, tried.secret, newAddress())).toBe(200);
    expect(await introspect(other.id, other.secret, stranger)).toBe(200);
  });
});
