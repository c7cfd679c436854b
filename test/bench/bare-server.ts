import { createPublicKey, verify } from 'node:crypto';
import type { AccessTokenClaims } from '@poc-tracker/contracts';
import { openingStatement } from '@poc-tracker/tenancy';
import fastify from 'fastify';
import { Pool } from 'pg';
import {
  type TenantSummaryRow,
  toTenantSummary,
} from '../../apps/auth-service/src/tenant/tenant-summary.response.js';
import type { UserRecord } from '../../apps/auth-service/src/user/user.entity.js';
import { FIND_PROFILE } from '../../apps/auth-service/src/user/user.repository.js';
import { toUserResponse } from '../../apps/auth-service/src/user/user.response.js';

/**
 * The practical limit: what Fastify and pg alone need for GET /auth/me. The token is verified once and cached, as in
 * the service; the same statements go over the wire in the same order; the answer is the same. Each statement is sent after
 * the answer to the one before, as pg does it by default; with PIPELINE=on the first two go in one flight, as in the service.
 * It uses the rights in the token, where the service uses a cached session status that the revocation feed keeps up to
 * date: neither queries the status for a request. It has no guards, no validation, no log, no limits and no error forms.
 */
const { PORT, DATABASE_URL, JWT_PUBLIC_KEY, PIPELINE } = process.env;
const pipeline = PIPELINE === 'on';
const limits = { statementTimeoutMs: 10_000, idleTimeoutMs: 11_000 };
const pool = new Pool({ connectionString: DATABASE_URL, min: 10, max: 100, pipeline });
const key = createPublicKey(JWT_PUBLIC_KEY ?? '');
const verified = new Map<string, AccessTokenClaims>();

function claimsOf(token: string): AccessTokenClaims {
  const known = verified.get(token);
  if (known !== undefined) {
    if (known.exp * 1000 <= Date.now()) throw new Error('expired');
    return known;
  }
  const [header = '', payload = '', signature = ''] = token.split('.');
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url')))
    throw new Error('bad signature');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as AccessTokenClaims;
  verified.set(token, claims);
  return claims;
}

const server = fastify();

server.get('/', () => 'ready');

server.get('/api/v1/auth/me', async (request) => {
  const claims = claimsOf(request.headers.authorization?.slice('Bearer '.length) ?? '');
  const { tenant_id: tenantId, sub: userId, user_role: role, permissions } = claims;
  const client = await pool.connect();
  try {
    const opening = client.query(openingStatement({ tenantId, userId, role, permissions }, limits));
    if (!pipeline) await opening;
    const profile = client.query<UserRecord & TenantSummaryRow>({
      name: 'profile',
      text: FIND_PROFILE,
      values: [userId],
    });
    const [, { rows }] = await Promise.all([opening, profile]);
    const found = rows[0] as UserRecord & TenantSummaryRow;
    await client.query('COMMIT');
    const data = { user: toUserResponse(found), tenant: toTenantSummary(tenantId, found) };
    return { success: true, data };
  } finally {
    client.release();
  }
});

await server.listen({ port: Number(PORT), host: '127.0.0.1' });
process.once('SIGTERM', () => {
  void server.close().then(() => pool.end());
});
