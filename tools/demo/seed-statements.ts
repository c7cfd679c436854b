const TABLES = ['tenants', 'tenant_settings', 'tenant_usage', 'users', 'user_sessions'];

/** Updates the planner's statistics after the load. */
export const ANALYZE =
  'ANALYZE public.tenants, public.tenant_settings, public.tenant_usage, public.users, public.user_sessions';

/**
 * Lets the owner read and write all rows, without triggers. Locks the tables, so that the change is visible to this
 * transaction only.
 */
export const LIFT_PROTECTION = TABLES.map(
  (table) =>
    `ALTER TABLE public.${table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE public.${table} DISABLE TRIGGER USER`,
).join('; ');

/** Reverts LIFT_PROTECTION in the same transaction. */
export const RESTORE_PROTECTION = TABLES.map(
  (table) =>
    `ALTER TABLE public.${table} ENABLE TRIGGER USER; ALTER TABLE public.${table} FORCE ROW LEVEL SECURITY`,
).join('; ');

/** Lets the owner read the tenants, until the transaction is rolled back. */
export const UNFORCE_TENANTS = 'ALTER TABLE public.tenants NO FORCE ROW LEVEL SECURITY';

/** Longer than any request locks a table. */
export const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '60s'";

/** A short limit, because a waiting lock blocks all later requests. */
export const SHORT_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'";

/* The platform tenant does not count. */
export const FIND_OTHER_TENANT = `
  SELECT subdomain FROM public.tenants WHERE NOT is_platform AND subdomain !~ ('^' || $1 || '-[0-9]+$') LIMIT 1`;

/*
 * No user of a demo tenant has an address outside of .example, a domain that is reserved for examples (RFC 2606).
 * Operators do not count.
 */
export const FIND_REAL_TENANT = `
  SELECT t.subdomain FROM public.tenants t JOIN public.users u ON u.tenant_id = t.id
   WHERE NOT t.is_platform AND u.email !~ '[.@]example$' LIMIT 1`;

/* The tables are locked, so that no other transaction adds one of them. */
export const FIND_MISSING_TENANTS = `
  SELECT w.id FROM unnest($1::uuid[], $2::text[]) AS w (id, subdomain)
   WHERE NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = w.id OR t.subdomain = w.subdomain)`;

/* The status of the i-th user of a tenant. */
const STATUS =
  "CASE WHEN i > 1 AND i % 43 = 0 THEN 'inactive' WHEN i > 1 AND i % 97 = 0 THEN 'suspended' ELSE 'active' END";

/* Seats for the users, a creation time, and the count that the trigger would maintain. */
export const COMPLETE_TENANTS = `
  WITH wanted AS (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[]) AS w (id, index, users, max_users)
  ), completed AS (
    UPDATE public.tenants t
       SET max_users = w.max_users, created_at = now() - (w.index % 700) * interval '1 day'
      FROM wanted w WHERE t.id = w.id
  )
  INSERT INTO public.tenant_usage (tenant_id, user_count)
  SELECT id, (SELECT count(*) FROM generate_series(1, users) AS i WHERE ${STATUS} = 'active') FROM wanted`;

/*
 * The first user of each tenant is its admin. The others have various roles, statuses and log-ins. Ids are UUIDv7
 * (RFC 9562) with ascending times, as for rows that are added one by one.
 */
export const ADD_USERS = `
  INSERT INTO public.users (tenant_id, id, email, password_hash, email_verified_at, first_name, last_name, role, status,
                            last_login_at, login_count, created_at)
  SELECT t.id,
         (lpad(to_hex(1700000000000 + t.index * 1000000::bigint + i), 12, '0') || '7' || substr(h, 1, 3) || 'a'
           || substr(h, 4, 15))::uuid,
         CASE WHEN i = 1 THEN 'admin'
              ELSE public.search_key(first_name || '.' || last_name) || '.' || i
         END || '@' || t.subdomain || '.example',
         $5, now(), first_name, last_name,
         CASE WHEN i = 1 THEN 'admin' WHEN i % 40 = 2 THEN 'manager' WHEN i % 9 = 5 THEN 'viewer' ELSE 'user' END,
         ${STATUS},
         CASE WHEN i % 5 > 0 THEN now() - (i % 90) * interval '1 day' END,
         CASE WHEN i % 5 > 0 THEN i % 300 ELSE 0 END,
         now() - (i % 600) * interval '1 day'
    FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[]) AS t (id, index, subdomain, users)
   CROSS JOIN LATERAL generate_series(1, t.users) AS i
   CROSS JOIN LATERAL (SELECT md5(t.id::text || i) AS h,
                              ($6::text[])[1 + (i + t.index) % cardinality($6::text[])] AS first_name,
                              ($7::text[])[1 + (i / 7 + t.index) % cardinality($7::text[])] AS last_name) AS made`;

export const ADD_SESSIONS = `
  INSERT INTO public.user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, ip_address, user_agent,
                                    expires_at)
  SELECT u.tenant_id, u.id, sha256(uuid_send(gen_random_uuid())), uuid_send(gen_random_uuid()),
         '203.0.113.0'::inet + (random() * 255)::int, 'demo', now() + interval '24 hours'
    FROM public.users u WHERE u.tenant_id = ANY ($1::uuid[]) AND u.status = 'active'`;
