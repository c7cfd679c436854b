import { createPublicKey, verify } from 'node:crypto';
import type { AccessTokenClaims } from '@poc-tracker/contracts';
import { openingStatement } from '@poc-tracker/tenancy';
import fastify from 'fastify';
import { Pool } from 'pg';
import { FIND_USER_BY_ID } from '../../apps/auth-service/src/auth/user.repository.js';
import { type User } from '../../apps/auth-service/src/auth/user.entity.js';
import { toUserResponse } from '../../apps/auth-service/src/auth/user.response.js';
import {
  SESSION_STANDING,
  type SessionStanding,
} from '../../apps/auth-service/src/session/session-revocation.feed.js';

/**
 * The practical limit: what Fastify and pg alone need for GET /auth/me. The same token is verified, and remembered as in
 * the service; the same statements go over the wire in the same order; the answer is the same. It has no guards,
 * no validation, no log, no limits and no error forms.
 */
const { PORT, DATABASE_URL, JWT_PUBLIC_KEY } = process.env;
const limits = { statementTimeoutMs: 10_000, idleTimeoutMs: 11_000 };
const pool = new Pool({ connectionString: DATABASE_URL, min: 10, max: 100 });
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
  const { tenant_id: tenantId, sub: userId, session_id: sessionId } = claims;
  const standings = await pool.query<SessionStanding>({
    name: 'standing',
    text: SESSION_STANDING,
    values: [tenantId, userId, sessionId],
  });
  const role = standings.rows[0]?.user_role ?? null;
  const client = await pool.connect();
  try {
    await client.query(openingStatement({ tenantId, userId, role }, limits));
    const users = await client.query<User>({
      name: 'user',
      text: FIND_USER_BY_ID,
      values: [userId],
    });
    await client.query('COMMIT');
    return { success: true, data: toUserResponse(users.rows[0] as User) };
  } finally {
    client.release();
  }
});

await server.listen({ port: Number(PORT), host: '127.0.0.1' });
process.once('SIGTERM', () => {
  void server.close().then(() => pool.end());
});
