import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_USER_ROLE,
  definerFunction,
  OPERATOR_ROLE,
  protectTenantTable,
} from '@poc-tracker/tenancy';

const READERS = `${CURRENT_USER_ROLE} IN ('manager', 'admin')`;

/** Whatever an entry can be looked up by; each index leads with the tenant and ends with the order of the pages. */
const INDEXES = [
  ['security_events', 'type'],
  ['security_events', 'result'],
  ['security_events', 'actor_id'],
  ['security_events', 'target_id'],
  ['security_events', 'request_id'],
  ['audit_log', 'table_name'],
  ['audit_log', 'operation'],
  ['audit_log', 'user_id'],
  ['audit_log', 'row_id'],
] as const;

/**
 * The other half of the trail, what was done and refused beside the rows that changed, and the chain of hashes over
 * both halves. Writers only insert: what they wrote waits in audit_unsealed, visible from the moment of their commit,
 * until the sealing job takes it from there into the chain.
 */
export class CreateAuditChain1795470500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SECURITY_EVENTS);
    await runner.query(
      protectTenantTable({
        table: 'security_events',
        // No road that the services' login can take leads to an entry that names an operator.
        policies: { select: READERS, insert: `actor_kind <> 'operator'` },
        columns: {
          insert: [
            'tenant_id',
            'type',
            'result',
            'actor_id',
            'actor_kind',
            'target_type',
            'target_id',
            'ip_address',
            'user_agent',
            'request_id',
            'details',
          ],
        },
        operators: ['select', 'insert'],
        gatekeeper: { select: true, delete: true },
      }),
    );
    await runner.query(AUDIT_LOG);
    await runner.query(CHAIN);
    await runner.query(
      [
        protectTenantTable({
          table: 'audit_chain',
          policies: { select: READERS },
          operators: ['select'],
          gatekeeper: { select: true, insert: true, delete: true },
        }),
        protectTenantTable({
          table: 'audit_unsealed',
          policies: { select: READERS },
          operators: ['select'],
          gatekeeper: { select: true, insert: true, delete: true },
        }),
        ...INDEXES.map(
          ([table, column]) =>
            `CREATE INDEX ${table}_${column}_idx ON public.${table} (tenant_id, ${column}, id)`,
        ),
      ].join(';\n'),
    );
    await runner.query(
      asGatekeeper(
        AWAIT_SEAL,
        SEAL_AUDIT_ENTRIES,
        ...['audit_log', 'security_events'].map(
          (table) => `CREATE TRIGGER ${table}_awaits_seal AFTER INSERT ON public.${table}
            FOR EACH ROW EXECUTE FUNCTION public.await_seal()`,
        ),
        ...['security_events', 'audit_chain'].map(
          (table) => `
            CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE ON public.${table}
              FOR EACH ROW EXECUTE FUNCTION public.refuse_audit_change();
            CREATE TRIGGER ${table}_no_truncate BEFORE TRUNCATE ON public.${table}
              FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()`,
        ),
      ),
    );
    await runner.query(EARLIER_ENTRIES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER audit_log_awaits_seal ON public.audit_log;
      DROP TABLE public.security_events, public.audit_chain, public.audit_unsealed;
      DROP FUNCTION public.await_seal(), public.seal_audit_entries(uuid, bigint, jsonb);
      ${INDEXES.filter(([table]) => table === 'audit_log')
        .map(([table, column]) => `DROP INDEX public.${table}_${column}_idx`)
        .join(';\n')};
      ALTER TABLE public.audit_log DROP COLUMN row_id, DROP COLUMN actor_kind`);
  }
}

/* No foreign keys: the trail outlives the person that it tells about. */
const SECURITY_EVENTS = `
  CREATE TABLE public.security_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    type text NOT NULL CONSTRAINT security_events_type_check CHECK (type ~ '^[a-z0-9_.]+$'),
    result text NOT NULL CONSTRAINT security_events_result_check CHECK (result IN ('success', 'failure')),
    actor_id uuid,
    -- anonymous: a caller who has not said who they are, or not proved it. system: nobody's request.
    actor_kind text NOT NULL CONSTRAINT security_events_actor_kind_check
      CHECK (actor_kind IN ('user', 'operator', 'system', 'anonymous')),
    target_type text,
    target_id text,
    ip_address inet,
    user_agent text,
    request_id text,
    details jsonb NOT NULL DEFAULT '{}'
      CONSTRAINT security_events_details_check CHECK (jsonb_typeof(details) = 'object'),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT security_events_pkey PRIMARY KEY (tenant_id, id)
  )`;

/* Operators act in a tenant's trail without being people of that tenant: their id alone would look like one. */
const AUDIT_LOG = `
  ALTER TABLE public.audit_log
    ADD COLUMN row_id text GENERATED ALWAYS AS (coalesce(new_data, old_data) ->> 'id') STORED,
    ADD COLUMN actor_kind text;
  -- The owner sees no row under FORCE; within this transaction, and nobody else meanwhile, it does.
  ALTER TABLE public.audit_log NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE public.audit_log DISABLE TRIGGER USER;
  UPDATE public.audit_log SET actor_kind = CASE WHEN user_id IS NULL THEN 'system' ELSE 'user' END;
  ALTER TABLE public.audit_log ENABLE TRIGGER USER;
  ALTER TABLE public.audit_log FORCE ROW LEVEL SECURITY;
  ALTER TABLE public.audit_log
    ALTER COLUMN actor_kind SET NOT NULL,
    ALTER COLUMN actor_kind SET DEFAULT CASE
      WHEN current_setting('app.actor_kind', true) = 'operator' THEN 'operator'
      WHEN nullif(current_setting('app.current_user_id', true), '') IS NULL THEN 'system'
      ELSE 'user' END,
    ADD CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('user', 'operator', 'system'))`;

const CHAIN = `
  CREATE TABLE public.audit_chain (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL CONSTRAINT audit_chain_position_check CHECK (position > 0),
    entry_table text NOT NULL
      CONSTRAINT audit_chain_entry_table_check CHECK (entry_table IN ('audit_log', 'security_events')),
    entry_id uuid NOT NULL,
    entry_hash bytea NOT NULL CONSTRAINT audit_chain_entry_hash_check CHECK (octet_length(entry_hash) = 32),
    previous_hash bytea NOT NULL CONSTRAINT audit_chain_previous_hash_check CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL CONSTRAINT audit_chain_hash_check CHECK (octet_length(hash) = 32),
    sealed_at timestamptz NOT NULL,
    CONSTRAINT audit_chain_pkey PRIMARY KEY (tenant_id, position)
  );
  CREATE UNIQUE INDEX audit_chain_entry_key ON public.audit_chain (tenant_id, entry_id, entry_table) INCLUDE (position);

  CREATE TABLE public.audit_unsealed (
    tenant_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    entry_table text NOT NULL
      CONSTRAINT audit_unsealed_entry_table_check CHECK (entry_table IN ('audit_log', 'security_events')),
    CONSTRAINT audit_unsealed_pkey PRIMARY KEY (tenant_id, entry_id, entry_table)
  )`;

/* A queue rather than a mark of how far the chain has come: whatever commits late is simply still in it. */
const AWAIT_SEAL = definerFunction({
  signature: 'await_seal()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  INSERT INTO public.audit_unsealed (tenant_id, entry_id, entry_table) VALUES (NEW.tenant_id, NEW.id, TG_TABLE_NAME);
  RETURN NULL;
END`,
});

/*
 * Takes entries out of the queue and into the chain, or does neither. Of two that seal at once the second finds the
 * entries gone or the position taken. The trail of a tenant that is being purged is left alone: false.
 */
const SEAL_AUDIT_ENTRIES = definerFunction({
  signature: 'seal_audit_entries(p_tenant uuid, p_after bigint, p_entries jsonb)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  taken integer;
  head bigint;
BEGIN
  IF public.is_being_purged(p_tenant) THEN
    RETURN false;
  END IF;
  DELETE FROM public.audit_unsealed q
   USING jsonb_to_recordset(p_entries) AS e (entry_id uuid, entry_table text)
   WHERE q.tenant_id = p_tenant AND q.entry_id = e.entry_id AND q.entry_table = e.entry_table;
  GET DIAGNOSTICS taken = ROW_COUNT;
  SELECT coalesce(max(c.position), 0) INTO head FROM public.audit_chain c WHERE c.tenant_id = p_tenant;
  IF taken <> jsonb_array_length(p_entries) OR head <> p_after THEN
    RAISE EXCEPTION 'others have sealed or removed these entries' USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO public.audit_chain
         (tenant_id, position, entry_table, entry_id, entry_hash, previous_hash, hash, sealed_at)
  SELECT p_tenant, e.position, e.entry_table, e.entry_id,
         decode(e.entry_hash, 'hex'), decode(e.previous_hash, 'hex'), decode(e.hash, 'hex'), e.sealed_at
    FROM jsonb_to_recordset(p_entries) AS e (position bigint, entry_table text, entry_id uuid, entry_hash text,
                                             previous_hash text, hash text, sealed_at timestamptz);
  RETURN true;
END`,
});

const EARLIER_ENTRIES = `
  ALTER TABLE public.audit_log NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE public.audit_unsealed NO FORCE ROW LEVEL SECURITY;
  INSERT INTO public.audit_unsealed (tenant_id, entry_id, entry_table) SELECT tenant_id, id, 'audit_log' FROM public.audit_log;
  ALTER TABLE public.audit_unsealed FORCE ROW LEVEL SECURITY;
  ALTER TABLE public.audit_log FORCE ROW LEVEL SECURITY`;
