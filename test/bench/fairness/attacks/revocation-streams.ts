import { createHash, randomBytes } from 'node:crypto';
import type { Attack } from '../attack.js';
import type { World } from '../world.js';

const SIZE = 200;
const PATH = '/api/v1/oauth/revocations';

export const REVOCATION_STREAMS: Attack = {
  name: 'revocation-streams',
  description: `${SIZE} revocation streams of one service client that are not read`,
  prepare: async (world) => {
    const headers = await addClient(world, 'attacker');
    return { size: SIZE, requests: [{ method: 'GET', path: PATH, headers }], unread: true };
  },
  bystanders: async (world) => {
    const headers = await addClient(world, 'bystander');
    return [
      {
        route: 'GET /oauth/revocations',
        perSecond: 1,
        bound: { ms: 1_000 },
        send: async () => {
          const response = await fetch(world.url + PATH, { headers });
          await response.body?.cancel();
          return response.status;
        },
      },
    ];
  },
};

/** Adds a service client, and returns its credentials as a header. */
async function addClient({ admin }: World, name: string): Promise<{ authorization: string }> {
  const secret = randomBytes(32).toString('base64url');
  const { rows } = await admin.query<{ id: string }>(
    `WITH platform AS (
       INSERT INTO tenants (id, name, subdomain, is_platform) VALUES (uuid_v7(), 'Platform', 'platform', true)
       ON CONFLICT DO NOTHING RETURNING id)
     INSERT INTO service_clients (tenant_id, name, name_key, secret_hash)
     SELECT id, $1::text, $1::text, $2 FROM (SELECT id FROM platform UNION SELECT id FROM tenants WHERE is_platform) t
     RETURNING id`,
    [name, createHash('sha256').update(secret).digest()],
  );
  const credentials = Buffer.from(`${rows[0]?.id}:${secret}`).toString('base64');
  return { authorization: `Basic ${credentials}` };
}
