import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf, createGuard, requestWith } from '../../test/requests.js';
import { foreign, genuine, PARTIES, ring, trusted } from '../../test/token-forge.js';
import { AccessTokenVerifier } from './access-token.verifier.js';
import { JwksKeySource } from './jwks.key-source.js';
import { keyId, KeyRing } from './key-ring.js';

const SECOND = 1_000;
const KID = keyId(trusted.publicKey);

let now: number;
let requests: number;
let respond: () => Response | Promise<Response>;

beforeEach(() => {
  now = Date.now();
  requests = 0;
  respond = () => Response.json(ring.jwks());
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});

afterEach(() => vi.restoreAllMocks());

function source(): JwksKeySource {
  return new JwksKeySource({
    url: 'https://auth.example/.well-known/jwks.json',
    now: () => now,
    fetch: async () => {
      requests += 1;
      return respond();
    },
  });
}

async function refusal(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => 'accepted',
    (error: unknown) => (error as { code?: unknown }).code,
  );
}

describe('JwksKeySource', () => {
  it('loads the key of a token with one request for many concurrent callers', async () => {
    const keys = source();
    const verifier = new AccessTokenVerifier(keys, PARTIES);
    const token = genuine();
    await Promise.all(Array.from({ length: 20 }, () => verifier.loadKey(token)));
    expect(verifier.verify(token).aud).toBe(PARTIES.audience);
    expect(requests).toBe(1);
  });

  it('fetches the keys again for an unknown id, at most once in ten seconds', async () => {
    const keys = source();
    await keys.load(KID);
    for (let count = 0; count < 50; count += 1) await keys.load(`unknown-${count}`);
    expect(requests).toBe(1);
    now += 10 * SECOND;
    await keys.load('unknown');
    await keys.load('unknown');
    expect(requests).toBe(2);
  });

  it('finds a key that the issuer added later', async () => {
    const keys = source();
    await keys.load(KID);
    const added = new KeyRing([trusted.publicKey, foreign.publicKey]);
    respond = () => Response.json(added.jwks());
    now += 10 * SECOND;
    await keys.load(keyId(foreign.publicKey));
    expect(keys.find(keyId(foreign.publicKey))?.equals(foreign.publicKey)).toBe(true);
  });

  it('drops a key that the issuer withdrew, once the key set is five minutes old', async () => {
    const keys = source();
    await keys.load(KID);
    respond = () => Response.json(new KeyRing([foreign.publicKey]).jwks());
    now += 5 * 60 * SECOND;
    await keys.load(KID);
    expect(keys.find(KID)).toBeDefined();
    now += 1;
    await keys.load(KID);
    expect(keys.find(KID)).toBeUndefined();
    expect(requests).toBe(2);
  });

  it('lets no guard accept a token of a withdrawn key for longer than five minutes, even one that it has verified', async () => {
    const { guard } = createGuard(new AccessTokenVerifier(source(), PARTIES));
    const request = requestWith(['Authorization', `Bearer ${genuine()}`]);
    const authenticate = async () => guard.canActivate(contextOf(request));
    await authenticate();
    respond = () => Response.json(new KeyRing([foreign.publicKey]).jwks());
    now += 5 * 60 * SECOND;
    expect(await authenticate()).toBe(true);
    now += 1;
    await expect(authenticate()).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
  });

  it('keeps its keys for an hour while the issuer is unavailable', async () => {
    const keys = source();
    await keys.load(KID);
    respond = () => Promise.reject(new Error('connect ECONNREFUSED'));
    now += 59 * 60 * SECOND;
    await keys.load(KID);
    expect(keys.find(KID)).toBeDefined();
    now += 61 * SECOND;
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
  });

  it('retries one second after a failure, and refuses tokens until then', async () => {
    respond = () => new Response('', { status: 503 });
    const keys = source();
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
    expect(requests).toBe(1);
    respond = () => Response.json(ring.jwks());
    now += SECOND;
    expect(await refusal(keys.load(KID))).toBe('accepted');
  });

  it.each([
    ['a response that is not JSON', () => new Response('<html>')],
    ['a response that is not a key set', () => Response.json({ kid: 'x' })],
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
  ])('takes no key from %s', async (_name, response) => {
    respond = response;
    const keys = source();
    expect(await refusal(keys.load(KID))).toBe('SERVICE_UNAVAILABLE');
    expect(keys.find(KID)).toBeUndefined();
  });

  it('finds keys by their thumbprint, whatever id the key set gives them', async () => {
    const [jwk] = new KeyRing([foreign.publicKey]).jwks().keys;
    respond = () => Response.json({ keys: [{ ...jwk, kid: KID }] });
    const keys = source();
    await keys.load(KID);
    expect(keys.find(KID)).toBeUndefined();
  });
});

describe('JwksKeySource over a real network', () => {
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
