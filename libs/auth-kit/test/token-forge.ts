import {
  type AccessTokenClaims,
  effectiveFeatures,
  FIRST_PARTY_CLIENT_ID,
  PLAN_CATALOGUE,
  type TenantSnapshot,
} from '@poc-tracker/contracts';
import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { KeyRing, keyId } from '../src/token/key-ring.js';

export const PARTIES = { issuer: 'poc-tracker-auth', audience: 'poc-tracker-api' };

/** The key pair that the service trusts, and one of an attacker. */
export const trusted = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const ring = new KeyRing([trusted.publicKey]);

/** The header of a valid access token. */
export const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: keyId(trusted.publicKey) };

export const TENANT: TenantSnapshot = {
  id: randomUUID(),
  name: 'Acme',
  subdomain: 'acme',
  customDomain: null,
  plan: 'basic',
  status: 'active',
  features: effectiveFeatures('basic', {}),
  limits: PLAN_CATALOGUE.basic.limits,
  subscriptionEndsAt: null,
  isPlatform: false,
};

export const now = (): number => Math.floor(Date.now() / 1000);

/** The claims of a valid access token. */
export function genuineClaims(): AccessTokenClaims {
  return {
    sub: randomUUID(),
    iss: PARTIES.issuer,
    aud: PARTIES.audience,
    exp: now() + 900,
    iat: now(),
    jti: randomUUID(),
    client_id: FIRST_PARTY_CLIENT_ID,
    tenant_id: TENANT.id,
    tenant_subdomain: TENANT.subdomain,
    user_role: 'user',
    permissions: [],
    plan_type: 'basic',
    session_id: randomUUID(),
    amr: ['pwd'],
    acr: 'aal1',
    auth_time: now(),
  };
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export type Signature = (content: string) => string;

/** An RSA signature, as in RS256 by default. */
export const rsa =
  (key: KeyObject, hash = 'sha256', padding = constants.RSA_PKCS1_PADDING): Signature =>
  (content) =>
    sign(hash, Buffer.from(content), { key, padding }).toString('base64url');

export const hs256 =
  (secret: string | Buffer): Signature =>
  (content) =>
    createHmac('sha256', secret).update(content).digest('base64url');

/** Builds any token, including those that no library would build. */
export function forge(
  header: unknown,
  claims: unknown,
  signature: Signature = rsa(trusted.privateKey),
): string {
  const content = `${encode(header)}.${encode(claims)}`;
  return `${content}.${signature(content)}`;
}

/** A valid token. With overrides, a validly signed token with other claims. */
export function genuine(overrides: Record<string, unknown> = {}): string {
  return forge(HEADER, { ...genuineClaims(), ...overrides });
}
