import type { Attack } from '../attack.js';
import { signIn } from '../world.js';

const SESSIONS = 6_000;
const SIZE = 20;

/** Past the limit `security.maxSessions`, which a log-in enforces, as if it had been higher. */
const OPEN_SESSIONS = `
  INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at, user_agent)
  SELECT u.tenant_id, u.id, sha256(uuid_send(uuid_v7())), '\\x00', now() + interval '1 day', repeat('Mozilla/5.0 ', 8)
    FROM users u, generate_series(1, $3) WHERE u.tenant_id = $1 AND u.email = $2`;

export const SESSION_LIST: Attack = {
  name: 'session-list',
  description: `${SIZE} lists of the ${SESSIONS} sessions of a user at once`,
  prepare: async (world) => {
    const user = world.attackers[1];
    const headers = await signIn(world, user);
    await world.admin.query(OPEN_SESSIONS, [user?.tenantId, user?.email, SESSIONS]);
    return { size: SIZE, requests: [{ method: 'GET', path: '/api/v1/auth/sessions', headers }] };
  },
};
