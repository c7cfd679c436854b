import type { Attack } from '../attack.js';
import { signIn, type World } from '../world.js';

const ENTRIES = 50_000;

/** About 1 KB each, as of a user whose whole profile changes. */
const ENTRY = {
  first_name: 'Ana'.repeat(30),
  last_name: 'Souza'.repeat(30),
  note: 'x'.repeat(700),
};

/** Users who export at once, each with a session: more than a tenant has slots. */
const USERS = 10;

export const UNREAD_EXPORTS: readonly Attack[] = [20, 200].map((size) => ({
  name: `${size}-exports`,
  description: `${size} exports of an audit log of ${ENTRIES} entries that are not read`,
  prepare: async (world) => {
    await lengthenAuditLog(world);
    const sessions = [];
    for (const user of world.attackers.slice(0, USERS))
      sessions.push(await signIn(world, user, 'admin'));
    const requests = sessions.map((headers) => ({
      method: 'GET' as const,
      path: '/api/v1/audit/export',
      headers,
    }));
    return { size, requests, unread: true };
  },
}));

/**
 * Adds the entries once, with their links in the chain: the job that appends them would run for minutes. The hashes are not
 * those of the entries, which an export does not verify.
 */
async function lengthenAuditLog({ admin, attackers: [attacker] }: World): Promise<void> {
  await admin.query('BEGIN');
  // The service appends entries to the same chain every second.
  await admin.query('LOCK TABLE audit_chain IN SHARE ROW EXCLUSIVE MODE');
  await admin.query(`SET LOCAL session_replication_role = 'replica'`);
  await admin.query(
    `WITH entries AS (
       INSERT INTO audit_log (tenant_id, table_name, operation, new_data)
       SELECT $1::uuid, 'users', 'UPDATE', $2::jsonb FROM generate_series(1, $3)
        WHERE (SELECT count(*) FROM audit_log WHERE tenant_id = $1) < $3
       RETURNING id)
     INSERT INTO audit_chain (tenant_id, position, entry_table, entry_id, entry_hash, previous_hash, hash, chained_at)
     SELECT $1, (SELECT coalesce(max(position), 0) FROM audit_chain WHERE tenant_id = $1) + row_number() OVER (ORDER BY id),
            'audit_log', id, sha256('entry'), sha256('previous'), sha256(uuid_send(id)), now()
       FROM entries`,
    [attacker?.tenantId, JSON.stringify(ENTRY), ENTRIES],
  );
  await admin.query('COMMIT');
  // As in any database some minutes later: otherwise autovacuum and a checkpoint would run during the measurement.
  await admin.query('VACUUM (ANALYZE)');
  await admin.query('CHECKPOINT');
}
