import { JwtService } from '@nestjs/jwt';
import { AccessTokenVerifier, KeyRing } from '@poc-tracker/auth-kit';
import { type Permission, PERMISSIONS, type RefreshTokenClaims } from '@poc-tracker/contracts';
import { createHmac, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { customFetch, validateJwtAccessToken } from 'oauth4webapi';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { testConfig } from '../../config/test-config.js';
import { type RefreshState, TokenIssuer } from './token-issuer.js';

const config = testConfig({
  serviceUrl: 'postgres://service@localhost/unused',
  platformUrl: 'postgres://platform@localhost/unused',
});
const { issuer, audience, privateKey, publicKeys, refreshSecret } = config.tokens;

const tokens = new TokenIssuer(new JwtService(), config);
const verifier = new AccessTokenVerifier(new KeyRing(publicKeys), { issuer, audience });

const subject = {
  user: { id: randomUUID(), role: 'manager' as const, permissions: ['manage_users' as const] },
  tenant: { id: randomUUID(), subdomain: 'acme', plan: 'pro' as const },
  sessionId: randomUUID(),
  generation: 0,
  amr: ['pwd', 'otp', 'mfa'] as const,
  authenticatedAt: new Date(),
};

const decode = (token: string, part: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString());

const now = () => Math.floor(Date.now() / 1000);

const DAY = 86_400;

const refreshState = (): RefreshState => ({
  userId: randomUUID(),
  tenantId: randomUUID(),
  id: randomUUID(),
  generation: 3,
  refreshNonce: randomBytes(32),
  rotatedAt: new Date(now() * 1000 + 789),
});

const claimsOf = (state: RefreshState): RefreshTokenClaims => ({
  sub: state.userId,
  tenant_id: state.tenantId,
  session_id: state.id,
  type: 'refresh',
  generation: state.generation,
  jti: state.refreshNonce.toString('base64url'),
  iat: Math.floor(state.rotatedAt.getTime() / 1000),
  exp: Math.floor(state.rotatedAt.getTime() / 1000) + 7 * DAY,
});

afterEach(() => vi.useRealTimers());

describe('an access token', () => {
  it('is accepted by the verifier and has the documented claims, for fifteen minutes', async () => {
    const { token, expiresIn } = await tokens.accessToken({ ...subject, deviceId: 'phone' });
    const claims = verifier.verify(token);
    expect(claims).toEqual({
      sub: subject.user.id,
      iss: 'poc-tracker-auth',
      aud: 'poc-tracker-api',
      exp: claims.iat + 900,
      iat: expect.closeTo(now(), -1),
      jti: expect.any(String),
      client_id: 'poc-tracker',
      tenant_id: subject.tenant.id,
      tenant_subdomain: 'acme',
      user_role: 'manager',
      permissions: ['manage_users'],
      plan_type: 'pro',
      session_id: subject.sessionId,
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'aal2',
      auth_time: Math.floor(subject.authenticatedAt.getTime() / 1000),
      device_id: 'phone',
    });
    expect(Object.keys(decode(token, 1)).sort()).toEqual(Object.keys(claims).sort());
    expect(expiresIn).toBe(900);
  });

  it('is valid for other implementations of RFC 9068', async () => {
    const { token } = await tokens.accessToken(subject);
    const request = new Request('https://tracker.example/api/v1/pocs', {
      headers: { authorization: `Bearer ${token}` },
    });
    const server = { issuer, jwks_uri: 'https://auth.example/.well-known/jwks.json' };
    const keys = new KeyRing([createPublicKey(privateKey)]).jwks();
    const options = { [customFetch]: () => Promise.resolve(Response.json(keys)) };
    const claims = await validateJwtAccessToken(server, request, audience, options);
    expect(claims).toMatchObject({ sub: subject.user.id, client_id: 'poc-tracker' });
    await expect(validateJwtAccessToken(server, request, 'another-api', options)).rejects.toThrow();
  });

  it('has algorithm, type and key id in its header, and nothing else', async () => {
    const { token } = await tokens.accessToken(subject);
    const [key] = new KeyRing([createPublicKey(privateKey)]).jwks().keys;
    expect(decode(token, 0)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: key?.kid });
  });

  it('has an id that follows from its session and generation, and differs for any other', async () => {
    const idOf = async (other: Partial<typeof subject> = {}) =>
      verifier.verify((await tokens.accessToken({ ...subject, ...other })).token).jti;
    expect(await idOf()).toBe(await idOf());
    expect(await idOf()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(await idOf({ generation: 1 })).not.toBe(await idOf());
    expect(await idOf({ sessionId: randomUUID() })).not.toBe(await idOf());
  });

  it.each([
    ['all permissions of the catalogue', [...PERMISSIONS]],
    [
      '200 permissions with names of eight letters',
      Array.from({ length: 200 }, (_, index) => `perm${1000 + index}`) as Permission[],
    ],
  ])('stays below 4 KiB with %s', async (_case, permissions) => {
    const { token } = await tokens.accessToken({
      ...subject,
      user: { ...subject.user, permissions },
    });
    expect(token.length).toBeLessThan(4096);
  });

  it('is refused as a refresh token', async () => {
    const { token } = await tokens.accessToken(subject);
    expect(() => tokens.verifyRefresh(token)).toThrow(invalidToken);
  });
});

describe('a refresh token', () => {
  it('verifies as the claims of its session', () => {
    const state = refreshState();
    const token = tokens.refreshToken(state);
    expect(tokens.verifyRefresh(token)).toEqual(claimsOf(state));
    expect(decode(token, 0)).toEqual({ alg: 'HS256', typ: 'rt+jwt' });
  });

  it('is the same text for the same session, at any time and in any order of its columns', () => {
    const state = refreshState();
    const reversed = Object.fromEntries(Object.entries(state).reverse()) as typeof state;
    const token = tokens.refreshToken(state);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    expect(tokens.refreshToken(reversed)).toBe(token);
  });

  it('is another text if the generation or the random bits differ', () => {
    const state = refreshState();
    const token = tokens.refreshToken(state);
    expect(tokens.refreshToken({ ...state, generation: 4 })).not.toBe(token);
    expect(tokens.refreshToken({ ...state, refreshNonce: randomBytes(32) })).not.toBe(token);
  });

  it('is refused as an access token', () => {
    const token = tokens.refreshToken(refreshState());
    expect(() => verifier.verify(token)).toThrow(invalidToken);
  });

  it.each([-3_600_000, 3_600_000, 30 * DAY * 1_000])(
    'verifies whatever the clock of the process says: %d ms more',
    (skew) => {
      const state = refreshState();
      const token = tokens.refreshToken(state);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + skew });
      expect(tokens.verifyRefresh(token)).toEqual(claimsOf(state));
    },
  );

  const HEADER = { alg: 'HS256', typ: 'rt+jwt' };
  const good = claimsOf(refreshState());
  const genuine = forge(HEADER, good);

  it('is accepted before it is altered', () => {
    expect(tokens.verifyRefresh(genuine)).toEqual(good);
  });

  it.each([
    ['alg none', forge({ ...HEADER, alg: 'none' }, good, '')],
    ['alg none over a good signature', forge({ ...HEADER, alg: 'none' }, good)],
    ['HS512 named over an HS256 signature', forge({ ...HEADER, alg: 'HS512' }, good)],
    ['HS512', forge({ ...HEADER, alg: 'HS512' }, good, refreshSecret, 'sha512')],
    ['no signature', genuine.replace(/[^.]+$/, '')],
    ['a blank secret', forge(HEADER, good, Buffer.alloc(0))],
    ['another secret', forge(HEADER, good, randomBytes(48))],
    ['the public key as secret', forge(HEADER, good, publicPem())],
    ['typ JWT', forge({ ...HEADER, typ: 'JWT' }, good)],
    ['typ at+jwt', forge({ ...HEADER, typ: 'at+jwt' }, good)],
    ['no typ', forge({ alg: 'HS256' }, good)],
    ['a key id', forge({ ...HEADER, kid: 'x' }, good)],
    ['a critical extension', forge({ ...HEADER, crit: ['exp'] }, good)],
    ['an added space', `${genuine} `],
    ['an added newline', `${genuine}\n`],
    ['padding', `${genuine}=`],
    ['changed trailing bits', withOtherTrailingBits(genuine)],
    ['type access', forge(HEADER, { ...good, type: 'access' })],
    ['no type', forge(HEADER, { ...good, type: undefined })],
    ['a generation that is text', forge(HEADER, { ...good, generation: '3' })],
    ['a negative generation', forge(HEADER, { ...good, generation: -1 })],
    ['half a generation', forge(HEADER, { ...good, generation: 0.5 })],
    [
      'too little randomness',
      forge(HEADER, { ...good, jti: randomBytes(16).toString('base64url') }),
    ],
    ['randomness that is not canonical', forge(HEADER, { ...good, jti: `${'A'.repeat(42)}B` })],
    ['a session id that is no UUID', forge(HEADER, { ...good, session_id: '1' })],
    ['a tenant id that is no UUID', forge(HEADER, { ...good, tenant_id: '*' })],
    ['a user id that is no UUID', forge(HEADER, { ...good, sub: 'admin' })],
    ['no expiry', forge(HEADER, { ...good, exp: undefined })],
    ['an expiry that is text', forge(HEADER, { ...good, exp: String(good.exp) })],
    ['an expiry in the far future', forge(HEADER, { ...good, exp: 1e20 })],
    ['a life of more than seven days', forge(HEADER, { ...good, exp: good.iat + 7 * 86_400 + 1 })],
    ['a negative expiry', forge(HEADER, { ...good, exp: -1 })],
    ['an issue after its expiry', forge(HEADER, { ...good, iat: good.exp })],
    ['a payload that is no object', forge(HEADER, 'refresh')],
    ['more than 8 KiB', forge(HEADER, { ...good, filler: 'x'.repeat(8192) })],
    ['nothing at all', ''],
  ])('is refused if altered: %s', (_case, token) => {
    expect(() => tokens.verifyRefresh(token)).toThrow(invalidToken);
  });
});

const invalidToken = expect.objectContaining({ code: 'INVALID_TOKEN', details: undefined });

function publicPem(): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

/** Signs any header and claims. */
function forge(
  header: object,
  claims: unknown,
  secret: Buffer | string = refreshSecret,
  hash = 'sha256',
): string {
  const content = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature =
    secret === '' ? '' : createHmac(hash, secret).update(content).digest('base64url');
  return `${content}.${signature}`;
}

/** 32 bytes leave two unused bits in the last of 43 characters. */
function withOtherTrailingBits(token: string): string {
  const last = token.slice(-1);
  const other = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].find(
    (sign) =>
      sign !== last &&
      Buffer.from(`AA${sign}`, 'base64url').equals(Buffer.from(`AA${last}`, 'base64url')),
  );
  return `${token.slice(0, -1)}${other}`;
}
