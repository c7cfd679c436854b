import {
  asGatekeeper,
  definerFunction,
  dropTriggers,
  hasPermission,
  OPERATOR_ROLE,
  protectTenantTable,
  type SchemaPart,
} from '@poc-tracker/tenancy';
import { appendOnly } from './audit-log.js';

const TABLES = `
  CREATE TABLE public.audit_chain (
    tenant_id uuid NOT NULL,
    position bigint NOT NULL CONSTRAINT audit_chain_position_check CHECK (position > 0),
    entry_table text NOT NULL
      CONSTRAINT audit_chain_entry_table_check CHECK (entry_table IN ('audit_log', 'security_events')),
    entry_id uuid NOT NULL,
    entry_hash bytea NOT NULL CONSTRAINT audit_chain_entry_hash_check CHECK (octet_length(entry_hash) = 32),
    previous_hash bytea NOT NULL CONSTRAINT audit_chain_previous_hash_check CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL CONSTRAINT audit_chain_hash_check CHECK (octet_length(hash) = 32),
    chained_at timestamptz NOT NULL,
    CONSTRAINT audit_chain_pkey PRIMARY KEY (tenant_id, position)
  );
  CREATE UNIQUE INDEX audit_chain_entry_key ON public.audit_chain (tenant_id, entry_id, entry_table) INCLUDE (position);

  -- Entries that are not in the chain yet. A queue and not a position in the log: entries commit out of order, and a
  -- position would skip those that commit late.
  CREATE TABLE public.audit_pending (
    tenant_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    entry_table text NOT NULL
      CONSTRAINT audit_pending_entry_table_check CHECK (entry_table IN ('audit_log', 'security_events')),
    CONSTRAINT audit_pending_pkey PRIMARY KEY (tenant_id, entry_id, entry_table)
  )`;

const POLICIES = ['audit_chain', 'audit_pending'].map((table) =>
  protectTenantTable({
    table,
    policies: { select: hasPermission('view_audit') },
    operators: ['select'],
    gatekeeper: { select: true, insert: true, delete: true },
  }),
);

const QUEUE_AUDIT_ENTRY = definerFunction({
  signature: 'queue_audit_entry()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  INSERT INTO public.audit_pending (tenant_id, entry_id, entry_table) VALUES (NEW.tenant_id, NEW.id, TG_TABLE_NAME);
  RETURN NULL;
END`,
});

/*
 * Moves entries from the queue to the chain, or fails and moves none. Of two concurrent calls the second finds the
 * entries gone or the position taken. Returns false, and does nothing, for a tenant that is being purged.
 */
const APPEND_AUDIT_CHAIN = definerFunction({
  signature: 'append_audit_chain(p_tenant uuid, p_after bigint, p_entries jsonb)',
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
  DELETE FROM public.audit_pending q
   USING jsonb_to_recordset(p_entries) AS e (entry_id uuid, entry_table text)
   WHERE q.tenant_id = p_tenant AND q.entry_id = e.entry_id AND q.entry_table = e.entry_table;
  GET DIAGNOSTICS taken = ROW_COUNT;
  SELECT coalesce(max(c.position), 0) INTO head FROM public.audit_chain c WHERE c.tenant_id = p_tenant;
  IF taken <> jsonb_array_length(p_entries) OR head <> p_after THEN
    RAISE EXCEPTION 'these entries were appended or removed by another process' USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO public.audit_chain
         (tenant_id, position, entry_table, entry_id, entry_hash, previous_hash, hash, chained_at)
  SELECT p_tenant, e.position, e.entry_table, e.entry_id,
         decode(e.entry_hash, 'hex'), decode(e.previous_hash, 'hex'), decode(e.hash, 'hex'), e.chained_at
    FROM jsonb_to_recordset(p_entries) AS e (position bigint, entry_table text, entry_id uuid, entry_hash text,
                                             previous_hash text, hash text, chained_at timestamptz);
  RETURN true;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER audit_log_queued AFTER INSERT ON public.audit_log
    FOR EACH ROW EXECUTE FUNCTION public.queue_audit_entry();
  CREATE TRIGGER security_events_queued AFTER INSERT ON public.security_events
    FOR EACH ROW EXECUTE FUNCTION public.queue_audit_entry()`;

/**
 * The hash chain over the audit log and the security events. Their writers only insert; a scheduled job adds the new
 * entries to the chain.
 */
export const HASH_CHAIN: SchemaPart = {
  up: [
    TABLES,
    ...POLICIES,
    appendOnly('audit_chain'),
    asGatekeeper(QUEUE_AUDIT_ENTRY, APPEND_AUDIT_CHAIN, TRIGGERS),
  ],
  down: [
    ...dropTriggers(TRIGGERS),
    'DROP FUNCTION public.queue_audit_entry(), public.append_audit_chain(uuid, bigint, jsonb)',
    'DROP TABLE public.audit_chain, public.audit_pending',
  ],
};
