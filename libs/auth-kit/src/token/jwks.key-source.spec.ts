import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foreign, genuine, PARTIES, ring, trusted } from '../../test/token-forge.js';
import { AccessTokenVerifier } from './access-token.verifier.js';
import { JwksKeySource } from './jwks.key-source.js';
import { keyId, KeyRing } from './key-ring.js';

const SECOND = 1_000;
const KID = keyId(trusted.publicKey);

let now: number;
let requests: number;
let answer: () => Response | Promise<Response>;

beforeEach(() => {
  now = Date.now();
  requests = 0;
  answer = () => Response.json(ring.jwks());
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});

afterEach(() => vi.restoreAllMocks());

function source(): JwksKeySource {
  return new JwksKeySource({
    url: 'https://auth.example/.well-known/jwks.json',
    now: () => now,
    fetch: async () => {
      requests += 1;
      return answer();
    },
  });
}

async function refusal(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => 'let through',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

describe('keys that are fetched from the issuer', () => {
  it('verify a token of the issuer, and are fetched once for many that wait at once', async () => {
    const keys = source();
    const verifier = new AccessTokenVerifier(keys, PARTIES);
    const token = genuine();
    await Promise.all(Array.from({ length: 20 }, () => verifier.prepare(token)));
    expect(verifier.verify(token).aud).toBe(PARTIES.audience);
    expect(requests).toBe(1);
  });

  it('are fetched again for an unknown id, at most once in ten seconds', async () => {
    const keys = source();
    await keys.load(KID);
    for (let count = 0; count < 50; count += 1) await keys.load(`unknown-${count}`);
    expect(requests).toBe(1);
    now += 10 * SECOND;
    await keys.load('unknown');
    await keys.load('unknown');
    expect(requests).toBe(2);
  });

  it('know a key that the issuer has added since', async () => {
    const keys = source();
    await keys.load(KID);
    const added = new KeyRing([trusted.publicKey, foreign.publicKey]);
    answer = () => Response.json(added.jwks());
    now += 10 * SECOND;
    await keys.load(keyId(foreign.publicKey));
    expect(keys.find(keyId(foreign.publicKey))?.equals(foreign.publicKey)).toBe(true);
  });

  it('forget a key that the issuer has withdrawn, once the set is five minutes old', async () => {
    const keys = source();
    await keys.load(KID);
    answer = () => Response.json(new KeyRing([foreign.publicKey]).jwks());
    now += 5 * 60 * SECOND;
    await keys.load(KID);
    expect(keys.find(KID)).toBeDefined();
    now += 1;
    await keys.load(KID);
    expect(keys.find(KID)).toBeUndefined();
    expect(requests).toBe(2);
  });

  it('stay good while the issuer is away, for an hour', async () => {
    const keys = source();
    await keys.load(KID);
    answer = () => Promise.reject(new Error('connect ECONNREFUSED'));
    now += 59 * 60 * SECOND;
    await keys.load(KID);
    expect(keys.find(KID)).toBeDefined();
    now += 61 * SECOND;
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
  });

  it('are asked for again a second after a failure, and nobody gets in meanwhile', async () => {
    answer = () => new Response('', { status: 503 });
    const keys = source();
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
    expect(requests).toBe(1);
    answer = () => Response.json(ring.jwks());
    now += SECOND;
    expect(await refusal(keys.load(KID))).toBe('let through');
  });

  it.each([
    ['no JSON', () => new Response('<html>')],
    ['no set', () => Response.json({ kid: 'x' })],
    ['an empty set', () => Response.json({ keys: [] })],
    ['a set without an end', () => new Response(`{"keys": [${' '.repeat(70_000)}]}`)],
    ['a redirect', () => new Response('', { status: 302, headers: { location: '/elsewhere' } })],
    [
      'a weak key',
      () => {
        const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
        return Response.json({ keys: [publicKey.export({ format: 'jwk' })] });
      },
    ],
    ['a shared secret', () => Response.json({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: KID }] })],
    [
      'a key for encryption',
      () => Response.json({ keys: ring.jwks().keys.map((key) => ({ ...key, use: 'enc' })) }),
    ],
  ])('are not taken out of %s', async (_name, response) => {
    answer = response;
    const keys = source();
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
    expect(keys.find(KID)).toBeUndefined();
  });

  it('are found under their own thumbprint, whatever id the set gives them', async () => {
    const [jwk] = new KeyRing([foreign.publicKey]).jwks().keys;
    answer = () => Response.json({ keys: [{ ...jwk, kid: KID }] });
    const keys = source();
    await keys.load(KID);
    expect(keys.find(KID)).toBeUndefined();
  });
});

describe('over a real network', () => {
  let server: Server;
  const visited: string[] = [];

  beforeEach(async () => {
    server = createServer((request, response) => {
      visited.push(request.url ?? '');
      if (request.url === '/keys') response.end(JSON.stringify(ring.jwks()));
      else response.writeHead(302, { location: '/keys' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => server.close());

  it('follows no redirect', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new JwksKeySource({ url: `${url}/keys` }).load(KID);
    expect(await refusal(new JwksKeySource({ url: `${url}/moved` }).load(KID))).toBe(
      'SERVICE_UNAVAILABLE',
    );
    expect(visited).toEqual(['/keys', '/moved']);
  });
});
