import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_USER_ID,
  CURRENT_USER_ROLE,
  definerFunction,
  protectTenantTable,
} from '@poc-tracker/tenancy';
import { auditTable } from './audited-table.js';

const IS_AUTHOR = `created_by = ${CURRENT_USER_ID} AND ${CURRENT_USER_ROLE} IN ('user', 'manager', 'admin')`;
const MAY_WRITE = `(${IS_AUTHOR}) OR ${CURRENT_USER_ROLE} IN ('manager', 'admin')`;
const POLICIES = {
  select: `${CURRENT_USER_ID} IS NOT NULL`,
  insert: IS_AUTHOR,
  update: MAY_WRITE,
  delete: MAY_WRITE,
};

/** What the tracker keeps and a tenant's limits are counted from: proofs of concept and their files. */
export class CreatePocs1795460500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(
      [
        protectTenantTable({
          table: 'pocs',
          policies: POLICIES,
          columns: { update: ['title', 'updated_at'] },
        }),
        protectTenantTable({
          table: 'poc_files',
          policies: POLICIES,
          columns: { update: ['file_name', 'file_size', 'updated_at'] },
        }),
      ].join(';\n'),
    );
    await runner.query(
      asGatekeeper(
        COUNT_TENANT_POCS,
        COUNT_TENANT_STORAGE,
        TRIGGERS,
        auditTable('pocs'),
        auditTable('poc_files'),
      ),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE public.poc_files, public.pocs;
      DROP FUNCTION public.count_tenant_pocs(), public.count_tenant_storage()`);
  }
}

const TABLES = `
  CREATE TABLE public.pocs (
    tenant_id uuid NOT NULL CONSTRAINT pocs_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    title varchar(255) NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pocs_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT pocs_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by)
  );
  CREATE INDEX pocs_created_by_idx ON public.pocs (tenant_id, created_by);

  CREATE TABLE public.poc_files (
    tenant_id uuid NOT NULL CONSTRAINT poc_files_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    poc_id uuid NOT NULL,
    file_name varchar(255) NOT NULL,
    file_size bigint NOT NULL CONSTRAINT poc_files_file_size_check CHECK (file_size >= 0),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT poc_files_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT poc_files_poc_fkey FOREIGN KEY (tenant_id, poc_id)
      REFERENCES public.pocs (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT poc_files_created_by_fkey FOREIGN KEY (tenant_id, created_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (created_by)
  );
  CREATE INDEX poc_files_poc_idx ON public.poc_files (tenant_id, poc_id);
  CREATE INDEX poc_files_created_by_idx ON public.poc_files (tenant_id, created_by)`;

const COUNT_TENANT_POCS = definerFunction({
  signature: 'count_tenant_pocs()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 1, 0);
  ELSE
    PERFORM public.add_tenant_usage(OLD.tenant_id, 0, -1, 0);
  END IF;
  RETURN NULL;
END`,
});

const COUNT_TENANT_STORAGE = definerFunction({
  signature: 'count_tenant_storage()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 0, NEW.file_size);
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM public.add_tenant_usage(OLD.tenant_id, 0, 0, -OLD.file_size);
  ELSE
    PERFORM public.add_tenant_usage(NEW.tenant_id, 0, 0, NEW.file_size - OLD.file_size);
  END IF;
  RETURN NULL;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER pocs_updated_at BEFORE UPDATE ON public.pocs
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at();
  CREATE TRIGGER poc_files_updated_at BEFORE UPDATE ON public.poc_files
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at();
  CREATE TRIGGER pocs_usage AFTER INSERT OR DELETE ON public.pocs
    FOR EACH ROW EXECUTE FUNCTION public.count_tenant_pocs();
  CREATE TRIGGER poc_files_usage AFTER INSERT OR DELETE OR UPDATE OF file_size ON public.poc_files
    FOR EACH ROW EXECUTE FUNCTION public.count_tenant_storage()`;
