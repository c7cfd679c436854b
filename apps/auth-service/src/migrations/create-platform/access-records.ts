import {
  asGatekeeper,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  type SchemaPart,
} from '@poc-tracker/tenancy';

/** Marco Civil da Internet (Lei 12.965/2014), art. 15: date and hour of access from an address, kept for six months. */
const RETENTION = `interval '6 months'`;

/*
 * The pseudonym is a hash under a key that is discarded after the purge, and the address is cut to its network. A row
 * identifies no user.
 */
const TABLE = `
  CREATE TABLE public.access_records (
    id uuid NOT NULL DEFAULT public.uuid_v7() CONSTRAINT access_records_pkey PRIMARY KEY,
    purged_tenant uuid NOT NULL,
    pseudonym bytea NOT NULL CONSTRAINT access_records_pseudonym_check CHECK (octet_length(pseudonym) = 32),
    network cidr,
    accessed_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL
  );
  CREATE INDEX access_records_tenant_idx ON public.access_records (purged_tenant);
  CREATE INDEX access_records_last_used_idx ON public.access_records (last_used_at);
  GRANT SELECT, INSERT, DELETE ON public.access_records TO ${GATEKEEPER_ROLE}`;

const pseudonymOf = (user: string): string => `sha256(p_key || uuid_send(${user}))`;

const networkOf = (address: string): string =>
  `network(set_masklen(${address}, CASE family(${address}) WHEN 4 THEN 24 ELSE 48 END))`;

/*
 * Records the log-ins of users who were deleted before their tenant was. Their sessions were deleted with them, so the
 * security events are the only source. Runs once per purge, before the first user is deleted.
 */
const KEEP_LOG_INS = definerFunction({
  signature: 'keep_log_ins(p_tenant uuid, p_key bytea)',
  returns: 'void',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
BEGIN
  UPDATE public.purged_tenants p SET log_ins_kept_at = now()
   WHERE p.purged_tenant = p_tenant AND p.finished_at IS NULL AND p.log_ins_kept_at IS NULL;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO public.access_records (purged_tenant, pseudonym, network, accessed_at, last_used_at)
  SELECT p_tenant, ${pseudonymOf('e.actor_id')}, ${networkOf('e.ip_address')}, e.occurred_at, e.occurred_at
    FROM public.security_events e
   WHERE e.tenant_id = p_tenant AND e.type = 'login.succeeded' AND e.actor_id IS NOT NULL
     AND e.occurred_at > now() - ${RETENTION}
     AND NOT EXISTS (SELECT FROM public.users u WHERE u.tenant_id = p_tenant AND u.id = e.actor_id);
END`,
});

/* Deletes and records sessions in one statement, so that a purge that was interrupted records no session twice. */
const KEEP_ACCESS_RECORDS = definerFunction({
  signature: 'keep_access_records(p_tenant uuid, p_key bytea, p_limit integer)',
  returns: 'integer',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  moved integer;
BEGIN
  IF NOT public.is_being_purged(p_tenant) THEN
    RETURN 0;
  END IF;
  WITH gone AS (
    DELETE FROM public.user_sessions s
     WHERE s.tenant_id = p_tenant
       AND s.id IN (SELECT id FROM public.user_sessions WHERE tenant_id = p_tenant LIMIT p_limit)
    RETURNING s.user_id, s.ip_address, s.created_at, s.last_used_at
  ), kept AS (
    INSERT INTO public.access_records (purged_tenant, pseudonym, network, accessed_at, last_used_at)
    SELECT p_tenant, ${pseudonymOf('g.user_id')}, ${networkOf('g.ip_address')}, g.created_at, g.last_used_at
      FROM gone g
     WHERE g.last_used_at > now() - ${RETENTION}
  )
  SELECT count(*) INTO moved FROM gone;
  RETURN moved;
END`,
});

const ACCESS_RECORDS_OF = definerFunction({
  signature: 'access_records_of(p_tenant uuid)',
  returns:
    'TABLE (pseudonym bytea, network cidr, accessed_at timestamptz, last_used_at timestamptz)',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT a.pseudonym, a.network, a.accessed_at, a.last_used_at FROM public.access_records a
 WHERE a.purged_tenant = p_tenant ORDER BY a.accessed_at`,
});

const PRUNE_ACCESS_RECORDS = definerFunction({
  signature: 'prune_access_records(p_before timestamptz)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `DELETE FROM public.access_records a WHERE a.last_used_at < least(p_before, now() - ${RETENTION})`,
});

/** The access records that the law requires after a tenant was purged. */
export const ACCESS_RECORDS: SchemaPart = {
  up: [
    TABLE,
    asGatekeeper(KEEP_LOG_INS, KEEP_ACCESS_RECORDS, ACCESS_RECORDS_OF, PRUNE_ACCESS_RECORDS),
  ],
  down: [
    `DROP FUNCTION public.keep_log_ins(uuid, bytea), public.keep_access_records(uuid, bytea, integer),
       public.access_records_of(uuid), public.prune_access_records(timestamptz)`,
    'DROP TABLE public.access_records',
  ],
};
