import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ROLE,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { REFUSE_AUDIT_CHANGE_BODY } from './1795460400000-create-audit-log.js';
import { auditTable } from './audited-table.js';

const IS_ADMIN = `${CURRENT_USER_ROLE} = 'admin'`;

/** Marco Civil da Internet, art. 15. */
const KEPT_FOR = `interval '6 months'`;

/** Under a key that is thrown away. */
const pseudonymOf = (person: string): string => `sha256(p_key || uuid_send(${person}))`;

const networkOf = (address: string): string =>
  `network(set_masklen(${address}, CASE family(${address}) WHEN 4 THEN 24 ELSE 48 END))`;

/**
 * The life of a tenant from suspension to purge, its domains and the work that runs on a schedule. Tables that belong
 * to no living tenant are granted to no login: the functions beside them are the only way in.
 */
export class CreateTenantLifecycle1795470100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(
      protectTenantTable({
        table: 'tenant_domains',
        policies: { select: 'true', insert: IS_ADMIN, update: IS_ADMIN, delete: IS_ADMIN },
        columns: { update: ['verified_at'] },
        gatekeeper: { select: true },
      }),
    );
    await runner.query(GRANTS);
    await runner.query(
      asGatekeeper(
        IS_BEING_PURGED,
        ALLOW_PURGE_OF_TRAIL,
        KEEP_TENANT_MOVES,
        KEEP_TENANT_ROW,
        KEEP_DOMAIN_PROVEN,
        SET_CUSTOM_DOMAIN,
        CANCEL_CURRENT_TENANT,
        SHORTEN_SESSIONS,
        BEGIN_PURGE,
        KEEP_LOG_INS,
        KEEP_ACCESS_RECORDS,
        PURGE_TRAIL,
        PURGE_ROWS,
        FINISH_PURGE,
        TENANTS_BEING_PURGED,
        PURGED_TENANTS_WITH_FILES,
        CONFIRM_FILES_DELETED,
        ACCESS_RECORDS_OF,
        PRUNE_ACCESS_RECORDS,
        CLAIM_JOB,
        RENEW_JOB,
        FINISH_JOB,
        TRIGGERS,
        auditTable('tenant_domains'),
      ),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER tenants_moves ON public.tenants;
      DROP TRIGGER tenants_row_kept ON public.tenants;
      DROP TRIGGER tenants_domain_proven ON public.tenants;
      DROP TABLE public.tenant_domains, public.access_records, public.scheduled_jobs;
      CREATE OR REPLACE FUNCTION public.refuse_audit_change() RETURNS trigger
      LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$${REFUSE_AUDIT_CHANGE_BODY}$$;
      DROP FUNCTION public.is_being_purged(uuid), public.keep_tenant_moves(), public.keep_tenant_row(),
        public.keep_domain_proven(), public.set_custom_domain(), public.cancel_current_tenant(text),
        public.shorten_sessions(numeric), public.begin_purge(uuid, uuid, text),
        public.keep_log_ins(uuid, bytea), public.keep_access_records(uuid, bytea, integer), public.purge_trail(uuid, regclass, integer),
        public.purge_rows(uuid, regclass, integer), public.has_tenant_rows(uuid, regclass),
        public.finish_purge(uuid), public.tenants_being_purged(), public.purged_tenants_with_files(),
        public.confirm_files_deleted(uuid), public.access_records_of(uuid), public.prune_access_records(timestamptz),
        public.claim_job(text, bigint, uuid, bigint), public.renew_job(text, uuid, bigint),
        public.finish_job(text, uuid);
      DROP TABLE public.purged_tenants;
      DROP POLICY tenants_update_${SERVICE_ROLE} ON public.tenants;
      DROP POLICY tenants_update_${GATEKEEPER_ROLE} ON public.tenants;
      DROP POLICY tenant_usage_delete_${GATEKEEPER_ROLE} ON public.tenant_usage;
      DROP POLICY audit_log_select_${GATEKEEPER_ROLE} ON public.audit_log;
      DROP POLICY audit_log_delete_${GATEKEEPER_ROLE} ON public.audit_log;
      DROP POLICY user_sessions_update_${GATEKEEPER_ROLE} ON public.user_sessions;
      DROP POLICY user_sessions_delete_${GATEKEEPER_ROLE} ON public.user_sessions;
      REVOKE UPDATE (name, branding, billing_email, updated_at) ON public.tenants FROM ${SERVICE_ROLE};
      REVOKE UPDATE (branding, status, status_reason) ON public.tenants FROM ${GATEKEEPER_ROLE};
      REVOKE DELETE ON public.tenant_usage FROM ${GATEKEEPER_ROLE};
      REVOKE SELECT, DELETE ON public.audit_log FROM ${GATEKEEPER_ROLE};
      REVOKE DELETE, SELECT (ip_address, created_at, last_used_at), UPDATE (expires_at, is_active, revoked_at)
        ON public.user_sessions FROM ${GATEKEEPER_ROLE};
      REVOKE UPDATE (chosen) ON public.tenant_settings FROM ${SERVICE_ROLE};
      ALTER TABLE public.tenant_settings DROP COLUMN chosen;
      ALTER TABLE public.tenants DROP COLUMN status_changed_at, DROP COLUMN status_reason`);
  }
}

const TABLES = `
  ALTER TABLE public.tenants
    -- Why the tenant is in its state, in the words of whoever put it there.
    ADD COLUMN status_reason text,
    ADD COLUMN status_changed_at timestamptz;

  -- The fields of the group that the tenant has set itself; without it, a value that was set and equals
  -- the default could not be told from the default.
  ALTER TABLE public.tenant_settings ADD COLUMN chosen text[] NOT NULL DEFAULT '{}';

  CREATE TABLE public.tenant_domains (
    tenant_id uuid NOT NULL CONSTRAINT tenant_domains_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    domain varchar(253) NOT NULL CONSTRAINT tenant_domains_domain_check CHECK (domain = lower(domain)),
    -- What the owner of the domain publishes. No secret: everybody can read it in the DNS.
    token text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    CONSTRAINT tenant_domains_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT tenant_domains_domain_key UNIQUE (tenant_id, domain)
  );
  -- Any number of tenants may claim a domain, one may have proven it. As public as the DNS record itself.
  CREATE UNIQUE INDEX tenant_domains_verified_key ON public.tenant_domains (domain) WHERE verified_at IS NOT NULL;

  -- What is left of a tenant that is gone. Names nobody.
  CREATE TABLE public.purged_tenants (
    purged_tenant uuid NOT NULL CONSTRAINT purged_tenants_pkey PRIMARY KEY,
    reason text NOT NULL,
    requested_by uuid,
    started_at timestamptz NOT NULL DEFAULT now(),
    log_ins_kept_at timestamptz,
    finished_at timestamptz,
    files_deleted_at timestamptz
  );
  CREATE INDEX purged_tenants_open_idx ON public.purged_tenants (started_at)
    WHERE finished_at IS NULL OR files_deleted_at IS NULL;

  -- Marco Civil da Internet (Lei 12.965/2014), art. 15: date and hour of use from an address, kept for six months.
  -- The pseudonym is a hash under a key that was thrown away and the address is cut to its network, so that no
  -- person can be recovered from a row.
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

  CREATE TABLE public.scheduled_jobs (
    name text NOT NULL CONSTRAINT scheduled_jobs_pkey PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- The process that runs it, until the lease ends.
    holder uuid,
    lease_ends_at timestamptz
  )`;

const GRANTS = `
  CREATE POLICY tenants_update_${SERVICE_ROLE} ON public.tenants AS PERMISSIVE FOR UPDATE TO ${SERVICE_ROLE}
    USING (${IS_ADMIN}) WITH CHECK (${IS_ADMIN});
  GRANT UPDATE (name, branding, billing_email, updated_at) ON public.tenants TO ${SERVICE_ROLE};
  GRANT UPDATE (chosen) ON public.tenant_settings TO ${SERVICE_ROLE};

  -- The functions themselves are the condition.
  CREATE POLICY tenants_update_${GATEKEEPER_ROLE} ON public.tenants AS PERMISSIVE FOR UPDATE TO ${GATEKEEPER_ROLE}
    USING (true) WITH CHECK (true);
  GRANT UPDATE (branding, status, status_reason) ON public.tenants TO ${GATEKEEPER_ROLE};
  CREATE POLICY tenant_usage_delete_${GATEKEEPER_ROLE} ON public.tenant_usage AS PERMISSIVE FOR DELETE
    TO ${GATEKEEPER_ROLE} USING (true);
  GRANT DELETE ON public.tenant_usage TO ${GATEKEEPER_ROLE};
  CREATE POLICY audit_log_select_${GATEKEEPER_ROLE} ON public.audit_log AS PERMISSIVE FOR SELECT
    TO ${GATEKEEPER_ROLE} USING (true);
  CREATE POLICY audit_log_delete_${GATEKEEPER_ROLE} ON public.audit_log AS PERMISSIVE FOR DELETE
    TO ${GATEKEEPER_ROLE} USING (true);
  GRANT SELECT, DELETE ON public.audit_log TO ${GATEKEEPER_ROLE};
  CREATE POLICY user_sessions_update_${GATEKEEPER_ROLE} ON public.user_sessions AS PERMISSIVE FOR UPDATE
    TO ${GATEKEEPER_ROLE} USING (true) WITH CHECK (true);
  CREATE POLICY user_sessions_delete_${GATEKEEPER_ROLE} ON public.user_sessions AS PERMISSIVE FOR DELETE
    TO ${GATEKEEPER_ROLE} USING (true);
  GRANT DELETE, SELECT (ip_address, created_at, last_used_at), UPDATE (expires_at, is_active, revoked_at)
    ON public.user_sessions TO ${GATEKEEPER_ROLE};
  GRANT SELECT, INSERT, UPDATE ON public.purged_tenants, public.scheduled_jobs TO ${GATEKEEPER_ROLE};
  GRANT SELECT, INSERT, DELETE ON public.access_records TO ${GATEKEEPER_ROLE}`;

/** True from the moment in which a purge has begun: from then on there is no way back. */
const IS_BEING_PURGED = definerFunction({
  signature: 'is_being_purged(p_tenant uuid)',
  returns: 'boolean',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT EXISTS (SELECT FROM public.purged_tenants p WHERE p.purged_tenant = p_tenant AND p.finished_at IS NULL)`,
});

/* A trail is never changed; it goes as a whole, with the tenant that it tells about. */
const ALLOW_PURGE_OF_TRAIL = `
  CREATE OR REPLACE FUNCTION public.refuse_audit_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN
      IF public.is_being_purged(OLD.tenant_id) THEN
        RETURN OLD;
      END IF;
    END IF;
    RAISE EXCEPTION 'audit rows are never changed or deleted' USING
      ERRCODE = 'insufficient_privilege', TABLE = 'audit_log', CONSTRAINT = 'audit_log_append_only';
  END
  $$`;

const REFUSE_MOVE = `
    RAISE EXCEPTION 'a tenant cannot go from % to %', OLD.status, target USING
      ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_status_move';`;

const KEEP_TENANT_MOVES = definerFunction({
  signature: 'keep_tenant_moves()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  target CONSTANT text := NEW.status;
BEGIN
  IF (OLD.status, NEW.status) NOT IN (
       ('active', 'suspended'), ('suspended', 'active'),
       ('active', 'canceled'), ('suspended', 'canceled'), ('canceled', 'active'))
     OR public.is_being_purged(OLD.id) THEN
    ${REFUSE_MOVE.trim()}
  END IF;
  NEW.status_changed_at := now();
  -- From which the days to restore are counted; a restored tenant is found again by the look-ups.
  NEW.deleted_at := CASE WHEN NEW.status = 'canceled' THEN now() END;
  RETURN NEW;
END`,
});

/* The row goes last, at the end of a purge that has begun, and never by itself. */
const KEEP_TENANT_ROW = definerFunction({
  signature: 'keep_tenant_row()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  target CONSTANT text := 'purged';
BEGIN
  IF OLD.status <> 'canceled' OR NOT public.is_being_purged(OLD.id) THEN
    ${REFUSE_MOVE.trim()}
  END IF;
  RETURN OLD;
END`,
});

const KEEP_DOMAIN_PROVEN = definerFunction({
  signature: 'keep_domain_proven()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.tenant_domains d
     WHERE d.tenant_id = NEW.id AND d.domain = NEW.branding ->> 'custom_domain' AND d.verified_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the domain has not been proven' USING
      ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_custom_domain_proven';
  END IF;
  RETURN NEW;
END`,
});

/* A tenant answers under the domain that it proved last; when that one goes, under the one before. */
const SET_CUSTOM_DOMAIN = definerFunction({
  signature: 'set_custom_domain()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  tenant CONSTANT uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END;
  latest text;
BEGIN
  SELECT d.domain INTO latest FROM public.tenant_domains d
   WHERE d.tenant_id = tenant AND d.verified_at IS NOT NULL ORDER BY d.verified_at DESC, d.id DESC LIMIT 1;
  UPDATE public.tenants t
     SET branding = t.branding || jsonb_build_object('custom_domain', latest)
   WHERE t.id = tenant AND t.branding ->> 'custom_domain' IS DISTINCT FROM latest;
  RETURN NULL;
END`,
});

/* The service may change no tenant's state; its own admin may end it. */
const CANCEL_CURRENT_TENANT = definerFunction({
  signature: 'cancel_current_tenant(p_reason text)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  UPDATE public.tenants t SET status = 'canceled', status_reason = p_reason
   WHERE t.id = ${CURRENT_TENANT} AND ${IS_ADMIN};
  RETURN FOUND;
END`,
});

/* Running sessions end by a shorter time-out as well; those that have outlived it end at once. */
const SHORTEN_SESSIONS = definerFunction({
  signature: 'shorten_sessions(p_hours numeric)',
  returns: 'void',
  language: 'sql',
  callers: [SERVICE_ROLE],
  body: `
UPDATE public.user_sessions s
   SET expires_at = s.created_at + p_hours * interval '1 hour',
       is_active = s.created_at + p_hours * interval '1 hour' > now(),
       revoked_at = CASE WHEN s.created_at + p_hours * interval '1 hour' <= now() THEN now() END
 WHERE s.tenant_id = ${CURRENT_TENANT} AND ${IS_ADMIN}
   AND s.is_active AND s.expires_at > s.created_at + p_hours * interval '1 hour'`,
});

/*
 * Opens the purge of a canceled tenant; to open it twice does no harm. The row of usage goes first: without it, the
 * triggers that count and that keep the last admin know that the tenant itself is going.
 */
const BEGIN_PURGE = definerFunction({
  signature: 'begin_purge(p_tenant uuid, p_operator uuid, p_reason text)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  current text;
BEGIN
  SELECT t.status INTO current FROM public.tenants t WHERE t.id = p_tenant FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF current <> 'canceled' THEN
    RAISE EXCEPTION 'a tenant cannot go from % to purged', current USING
      ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_status_move';
  END IF;
  INSERT INTO public.purged_tenants (purged_tenant, requested_by, reason) VALUES (p_tenant, p_operator, p_reason)
    ON CONFLICT DO NOTHING;
  DELETE FROM public.tenant_usage WHERE tenant_id = p_tenant;
  RETURN true;
END`,
});

/*
 * The log-ins of people who were deleted before the tenant was: their sessions went with them, and the trail alone still
 * knows. Once, before the first person of the tenant goes. The trail's table is made by a later migration.
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
     AND e.occurred_at > now() - ${KEPT_FOR}
     AND NOT EXISTS (SELECT FROM public.users u WHERE u.tenant_id = p_tenant AND u.id = e.actor_id);
END`,
});

/* Deleting and recording is one statement, so that a purge that was killed records no log-in twice. */
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
     WHERE g.last_used_at > now() - ${KEPT_FOR}
  )
  SELECT count(*) INTO moved FROM gone;
  RETURN moved;
END`,
});

/* By primary key: nobody who may read some columns alone may read the row's address. No limit: all of them. */
const DELETE_SOME = `
  SELECT string_agg(quote_ident(a.attname), ', ') INTO primary_key
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
   WHERE i.indrelid = p_table AND i.indisprimary;
  EXECUTE format(
    'DELETE FROM %1$s WHERE tenant_id = $1 AND (%2$s) IN (SELECT %2$s FROM %1$s WHERE tenant_id = $1 LIMIT $2)',
    p_table, primary_key) USING p_tenant, p_limit;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;`;

/* For tables that even operators cannot delete from. The gatekeeper must have been granted SELECT and DELETE on them. */
const PURGE_TRAIL = definerFunction({
  signature: 'purge_trail(p_tenant uuid, p_table regclass, p_limit integer)',
  returns: 'integer',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
DECLARE
  primary_key text;
  deleted integer;
BEGIN
  IF NOT public.is_being_purged(p_tenant) THEN
    RETURN 0;
  END IF;
  ${DELETE_SOME.trim()}
END`,
});

/* With the rights of the operators, who call them. */
const PURGE_ROWS = `
  CREATE FUNCTION public.purge_rows(p_tenant uuid, p_table regclass, p_limit integer) RETURNS integer
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    primary_key text;
    deleted integer;
  BEGIN
    IF NOT public.is_being_purged(p_tenant) THEN
      RETURN 0;
    END IF;
    ${DELETE_SOME.trim()}
  END
  $$;

  CREATE FUNCTION public.has_tenant_rows(p_tenant uuid, p_table regclass) RETURNS boolean
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    found_one boolean;
  BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant_id = $1)', p_table) INTO found_one USING p_tenant;
    RETURN found_one;
  END
  $$;

  REVOKE ALL ON FUNCTION public.purge_rows(uuid, regclass, integer), public.has_tenant_rows(uuid, regclass) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION public.purge_rows(uuid, regclass, integer), public.has_tenant_rows(uuid, regclass)
    TO ${OPERATOR_ROLE}`;

const FINISH_PURGE = definerFunction({
  signature: 'finish_purge(p_tenant uuid)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.purged_tenants p SET finished_at = now()
 WHERE p.purged_tenant = p_tenant AND p.finished_at IS NULL
   AND NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = p_tenant)`,
});

const TENANTS_BEING_PURGED = definerFunction({
  signature: 'tenants_being_purged()',
  returns: 'TABLE (tenant uuid, requested_by uuid, reason text)',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT p.purged_tenant, p.requested_by, p.reason FROM public.purged_tenants p
 WHERE p.finished_at IS NULL ORDER BY p.started_at`,
});

/* For a service that keeps files: whose it is to delete. Ids alone, of tenants that nobody can reach any more. */
const PURGED_TENANTS_WITH_FILES = definerFunction({
  signature: 'purged_tenants_with_files()',
  returns: 'TABLE (tenant uuid)',
  language: 'sql',
  volatility: 'stable',
  callers: [OPERATOR_ROLE],
  body: `
SELECT p.purged_tenant FROM public.purged_tenants p
 WHERE p.finished_at IS NOT NULL AND p.files_deleted_at IS NULL ORDER BY p.started_at`,
});

const CONFIRM_FILES_DELETED = definerFunction({
  signature: 'confirm_files_deleted(p_tenant uuid)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.purged_tenants p SET files_deleted_at = now()
 WHERE p.purged_tenant = p_tenant AND p.finished_at IS NOT NULL AND p.files_deleted_at IS NULL`,
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
  body: 'DELETE FROM public.access_records a WHERE a.last_used_at < p_before',
});

/*
 * One statement decides who runs a job: of any number of instances that ask at once, one finds the row due. A lease
 * and not a lock, because a lock would need a connection of its own for as long as the job takes.
 */
const CLAIM_JOB = definerFunction({
  signature: 'claim_job(p_name text, p_interval_ms bigint, p_holder uuid, p_lease_ms bigint)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
BEGIN
  INSERT INTO public.scheduled_jobs AS j (name, started_at, holder, lease_ends_at)
  VALUES (p_name, clock_timestamp(), p_holder, clock_timestamp() + p_lease_ms * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE
     SET started_at = clock_timestamp(), finished_at = NULL, holder = p_holder, lease_ends_at = excluded.lease_ends_at
   WHERE CASE WHEN j.holder IS NULL THEN j.started_at <= clock_timestamp() - p_interval_ms * interval '1 millisecond'
              ELSE j.lease_ends_at <= clock_timestamp() END;
  RETURN FOUND;
END`,
});

const RENEW_JOB = definerFunction({
  signature: 'renew_job(p_name text, p_holder uuid, p_lease_ms bigint)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.scheduled_jobs j SET lease_ends_at = clock_timestamp() + p_lease_ms * interval '1 millisecond'
 WHERE j.name = p_name AND j.holder = p_holder`,
});

const FINISH_JOB = definerFunction({
  signature: 'finish_job(p_name text, p_holder uuid)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.scheduled_jobs j SET finished_at = clock_timestamp(), holder = NULL, lease_ends_at = NULL
 WHERE j.name = p_name AND j.holder = p_holder`,
});

const TRIGGERS = `
  CREATE TRIGGER tenants_moves BEFORE UPDATE OF status ON public.tenants
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION public.keep_tenant_moves();
  CREATE TRIGGER tenants_row_kept BEFORE DELETE ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.keep_tenant_row();
  CREATE TRIGGER tenants_domain_proven BEFORE UPDATE OF branding ON public.tenants
    FOR EACH ROW WHEN (NEW.branding ->> 'custom_domain' IS NOT NULL
      AND NEW.branding ->> 'custom_domain' IS DISTINCT FROM OLD.branding ->> 'custom_domain')
    EXECUTE FUNCTION public.keep_domain_proven();
  CREATE TRIGGER tenant_domains_proven AFTER INSERT OR UPDATE OF verified_at ON public.tenant_domains
    FOR EACH ROW WHEN (NEW.verified_at IS NOT NULL) EXECUTE FUNCTION public.set_custom_domain();
  CREATE TRIGGER tenant_domains_given_up AFTER DELETE ON public.tenant_domains
    FOR EACH ROW WHEN (OLD.verified_at IS NOT NULL) EXECUTE FUNCTION public.set_custom_domain()`;
