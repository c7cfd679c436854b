import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_USER_ID,
  CURRENT_USER_ROLE,
  definerFunction,
  protectTenantTable,
} from '@poc-tracker/tenancy';
import { auditTable } from './audited-table.js';

const AUDITED = ['tenants', 'tenant_settings', 'users', 'user_sessions', 'invites'];

/** The trail of every change to a tenant's rows: written by trigger, added to and never changed. */
export class CreateAuditLog1795460400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE);
    await runner.query(
      protectTenantTable({
        table: 'audit_log',
        policies: { select: `${CURRENT_USER_ROLE} IN ('manager', 'admin')` },
        operators: ['select'],
        gatekeeper: { insert: true },
      }),
    );
    await runner.query(
      asGatekeeper(AUDIT_TENANT_ACCESS, REFUSE_AUDIT_CHANGE, ...AUDITED.map(auditTable)),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${AUDITED.map((table) => `DROP TRIGGER ${table}_audit ON public.${table}`).join(';\n')};
      DROP TABLE public.audit_log;
      DROP FUNCTION public.audit_tenant_access(), public.refuse_audit_change()`);
  }
}

/* No foreign keys: the trail outlives the tenant and the person that it tells about. */
const TABLE = `
  CREATE TABLE public.audit_log (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    table_name text NOT NULL,
    operation text NOT NULL CONSTRAINT audit_log_operation_check CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE')),
    user_id uuid,
    old_data jsonb,
    new_data jsonb,
    "timestamp" timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, id)
  )`;

/*
 * Secrets are found by what their column is called, so that a table which comes later is covered before anybody thinks
 * of it; a change of one is recorded by the column's name. A row that was merely used leaves no trace.
 */
const AUDIT_TENANT_ACCESS = definerFunction({
  signature: 'audit_tenant_access()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  secret CONSTANT text := '(password|secret|token|nonce|hash)';
  touched CONSTANT text[] := ARRAY['updated_at', 'last_used_at'];
  old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  any_row jsonb := coalesce(new_row, old_row);
  hidden text[];
  changed jsonb;
BEGIN
  IF TG_OP = 'UPDATE' AND old_row - touched = new_row - touched THEN
    RETURN NULL;
  END IF;
  SELECT coalesce(array_agg(key), '{}'),
         jsonb_agg(key) FILTER (WHERE TG_OP = 'UPDATE' AND old_row -> key IS DISTINCT FROM new_row -> key)
    INTO hidden, changed
    FROM jsonb_object_keys(any_row) AS key
   WHERE key ~ secret;
  INSERT INTO public.audit_log (tenant_id, table_name, operation, user_id, old_data, new_data)
  VALUES (
    (any_row ->> CASE TG_TABLE_NAME WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END)::uuid,
    TG_TABLE_NAME,
    TG_OP,
    ${CURRENT_USER_ID},
    old_row - hidden,
    (new_row - hidden) || CASE WHEN changed IS NULL THEN '{}' ELSE jsonb_build_object('changed_secrets', changed) END
  );
  RETURN NULL;
END`,
});

/* Grants refuse it to the logins already; this holds for the owner and for whoever is granted more one day. */
export const REFUSE_AUDIT_CHANGE_BODY = `
  BEGIN
    RAISE EXCEPTION 'audit rows are never changed or deleted' USING
      ERRCODE = 'insufficient_privilege', TABLE = 'audit_log', CONSTRAINT = 'audit_log_append_only';
  END
  `;

const REFUSE_AUDIT_CHANGE = `
  CREATE FUNCTION public.refuse_audit_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$${REFUSE_AUDIT_CHANGE_BODY}$$;
  REVOKE ALL ON FUNCTION public.refuse_audit_change() FROM PUBLIC;
  CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON public.audit_log
    FOR EACH ROW EXECUTE FUNCTION public.refuse_audit_change();
  CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON public.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()`;
