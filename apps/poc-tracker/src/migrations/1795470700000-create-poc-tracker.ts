import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  admitRole,
  asGatekeeper,
  CURRENT_USER_ID,
  CURRENT_USER_ROLE,
  definerFunction,
  dismissRole,
  GATEKEEPER_ROLE,
  protectTenantTable,
  TRACKER_ROLE,
} from '@poc-tracker/tenancy';

const SIGNED_IN = `${CURRENT_USER_ID} IS NOT NULL`;
/** The service at its own work, the sweep of what was left behind: no person's transaction has this role here. */
const IS_SERVICE = `${CURRENT_USER_ROLE} = 'admin'`;
const OVERSEES = `${CURRENT_USER_ROLE} IN ('manager', 'admin')`;
const WRITES = `${CURRENT_USER_ROLE} IN ('user', 'manager', 'admin')`;
const IS_CREATOR = `created_by = ${CURRENT_USER_ID} AND ${WRITES}`;

/** Not read out of the JSON but compared with it: a value that somebody damaged by hand must not become an error. */
const isSet = (setting: string, value: boolean): string =>
  `EXISTS (SELECT FROM public.tenant_settings s
            WHERE s.setting_key = 'features' AND s.setting_value @> '{"${setting}": ${value}}')`;

/** Off unless it is switched on. */
const PUBLIC_POCS = `(select ${isSet('allowPublicPocs', true)})`;
/** On unless it is switched off. */
const COLLABORATION = `(select NOT ${isSet('enableCollaboration', false)})`;

const isAuthorOfPoc = (table: string): string =>
  `EXISTS (SELECT FROM public.pocs p
            WHERE p.tenant_id = ${table}.tenant_id AND p.id = ${table}.poc_id AND p.created_by = ${CURRENT_USER_ID})`;

const collaborates = (table: string, poc: string): string =>
  `${COLLABORATION} AND EXISTS (SELECT FROM public.poc_collaborators c
    WHERE c.tenant_id = ${table}.tenant_id AND c.poc_id = ${table}.${poc} AND c.user_id = ${CURRENT_USER_ID})`;

/** What the tracker's login may do. */
const TRACKER_TABLES: Parameters<typeof admitRole>[1][] = [
  {
    table: 'pocs',
    policies: {
      select: `${SIGNED_IN} OR ${IS_SERVICE} OR (is_public AND ${PUBLIC_POCS})`,
      insert: IS_CREATOR,
      update: `${OVERSEES} OR (${IS_CREATOR}) OR (${WRITES} AND ${collaborates('pocs', 'id')})`,
      delete: `${OVERSEES} OR (${IS_CREATOR})`,
    },
    columns: { update: ['title', 'description', 'status', 'is_public', 'updated_at'] },
  },
  {
    table: 'poc_collaborators',
    policies: {
      select: SIGNED_IN,
      insert: `${COLLABORATION} AND (${OVERSEES} OR (${WRITES} AND ${isAuthorOfPoc('poc_collaborators')}))`,
      delete: `${OVERSEES} OR (${WRITES} AND ${isAuthorOfPoc('poc_collaborators')})`,
    },
  },
  {
    table: 'poc_files',
    policies: {
      select: `${SIGNED_IN} OR ${IS_SERVICE}`,
      insert: `${IS_CREATOR} AND (${OVERSEES} OR ${isAuthorOfPoc('poc_files')} OR (${collaborates('poc_files', 'poc_id')}))`,
      update: `${IS_SERVICE} OR (${IS_CREATOR})`,
      delete: `${OVERSEES} OR (${IS_CREATOR}) OR (${WRITES} AND ${isAuthorOfPoc('poc_files')})`,
    },
    columns: { update: ['content_sha256', 'uploaded_at', 'updated_at'] },
  },
  {
    table: 'tenant_settings',
    policies: { select: `setting_key = 'features'` },
    columns: { select: ['tenant_id', 'setting_key', 'setting_value'] },
  },
];

const PLAIN_FUNCTIONS = 'FUNCTION public.uuid_v7(), public.set_user_context(uuid, uuid, text)';
/** Of the gatekeeper: they find the tenant, the standing of a session and whose files to delete, by ids alone. */
const DEFINER_FUNCTIONS = `FUNCTION public.session_standing(uuid, uuid, uuid), public.revocations_since(text),
  public.resolve_tenant(uuid, text, text), public.purged_tenants_with_files(), public.confirm_files_deleted(uuid)`;

/*
 * The sweep finds a reservation by the draft beside it. One whose draft is lost, as after a restore of the database, would
 * be counted for ever: none that is alive is this old, since an upload may take a day at most.
 */
const RELEASE_ABANDONED_UPLOADS = definerFunction({
  signature: 'release_abandoned_uploads()',
  returns: 'integer',
  language: 'sql',
  callers: [TRACKER_ROLE],
  body: `
WITH released AS (
  DELETE FROM public.poc_files f
   WHERE (f.tenant_id, f.id) IN (
     SELECT a.tenant_id, a.id FROM public.poc_files a
      WHERE a.uploaded_at IS NULL AND a.created_at < now() - interval '25 hours'
      ORDER BY a.tenant_id, a.id LIMIT 500)
  RETURNING f.id
)
SELECT count(*)::integer FROM released`,
});

/** What the tracker adds to pocs and poc_files, its collaborators, and the rights of its own login. */
export class CreatePocTracker1795470700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        CREATE ROLE ${TRACKER_ROLE} NOLOGIN;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$`);
    await runner.query(TABLES);
    await runner.query(
      [
        protectTenantTable({ table: 'poc_collaborators', policies: { select: SIGNED_IN } }),
        ...TRACKER_TABLES.map((table) => admitRole(TRACKER_ROLE, table)),
        `GRANT USAGE ON SCHEMA public TO ${TRACKER_ROLE}`,
        `GRANT EXECUTE ON ${PLAIN_FUNCTIONS} TO ${TRACKER_ROLE}`,
        GATEKEEPER_RIGHTS,
        asGatekeeper(
          RELEASE_ABANDONED_UPLOADS,
          `GRANT EXECUTE ON ${DEFINER_FUNCTIONS} TO ${TRACKER_ROLE}`,
        ),
      ].join(';\n'),
    );
    await runner.query(NOTIFY_POC_CHANGE);
    await runner.query(TRIGGERS);
  }

  async down(runner: QueryRunner): Promise<void> {
    const dismissals = [...TRACKER_TABLES]
      .reverse()
      .map(({ table, policies }) =>
        dismissRole(TRACKER_ROLE, table, Object.keys(policies) as (keyof typeof policies)[]),
      );
    await runner.query(`
      DROP TRIGGER pocs_notify ON public.pocs;
      DROP TRIGGER poc_files_notify ON public.poc_files;
      ${dismissals.join(';\n')};
      DROP TABLE public.poc_collaborators;
      DROP FUNCTION public.notify_poc_change(), public.release_abandoned_uploads();
      ${GATEKEEPER_RIGHTS_GONE};
      REVOKE EXECUTE ON ${PLAIN_FUNCTIONS} FROM ${TRACKER_ROLE};
      ${asGatekeeper(`REVOKE EXECUTE ON ${DEFINER_FUNCTIONS} FROM ${TRACKER_ROLE}`)};
      REVOKE USAGE ON SCHEMA public FROM ${TRACKER_ROLE};
      ALTER TABLE public.poc_files
        DROP COLUMN content_type, DROP COLUMN content_sha256, DROP COLUMN uploaded_at;
      ALTER TABLE public.pocs
        DROP COLUMN title_search, DROP COLUMN description, DROP COLUMN status, DROP COLUMN is_public`);
  }
}

const TABLES = `
  ALTER TABLE public.pocs
    ADD COLUMN description text NOT NULL DEFAULT ''
      CONSTRAINT pocs_description_check CHECK (char_length(description) <= 10000),
    ADD COLUMN status text NOT NULL DEFAULT 'draft'
      CONSTRAINT pocs_status_check CHECK (status IN ('draft', 'active', 'completed', 'archived')),
    ADD COLUMN is_public boolean NOT NULL DEFAULT false,
    -- LIKE and lower() are not leakproof, so an index serves neither below a policy; comparisons of text are.
    ADD COLUMN title_search text COLLATE "C" GENERATED ALWAYS AS (lower(title)) STORED;
  CREATE INDEX pocs_title_search_idx ON public.pocs (tenant_id, title_search, id);
  CREATE INDEX pocs_status_idx ON public.pocs (tenant_id, status, id);

  CREATE TABLE public.poc_collaborators (
    tenant_id uuid NOT NULL
      CONSTRAINT poc_collaborators_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    poc_id uuid NOT NULL,
    user_id uuid NOT NULL,
    added_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT poc_collaborators_pkey PRIMARY KEY (tenant_id, poc_id, user_id),
    CONSTRAINT poc_collaborators_poc_fkey FOREIGN KEY (tenant_id, poc_id)
      REFERENCES public.pocs (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT poc_collaborators_user_fkey FOREIGN KEY (tenant_id, user_id)
      REFERENCES public.users (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT poc_collaborators_added_by_fkey FOREIGN KEY (tenant_id, added_by)
      REFERENCES public.users (tenant_id, id) ON DELETE SET NULL (added_by)
  );
  CREATE INDEX poc_collaborators_user_idx ON public.poc_collaborators (tenant_id, user_id);
  CREATE INDEX poc_collaborators_added_by_idx ON public.poc_collaborators (tenant_id, added_by);

  -- A file without uploaded_at is on its way: its bytes are counted, and nobody is shown it.
  ALTER TABLE public.poc_files
    ADD COLUMN content_type varchar(255) NOT NULL DEFAULT 'application/octet-stream',
    ADD COLUMN content_sha256 bytea
      CONSTRAINT poc_files_content_sha256_check CHECK (octet_length(content_sha256) = 32),
    ADD COLUMN uploaded_at timestamptz,
    ADD CONSTRAINT poc_files_uploaded_check CHECK ((uploaded_at IS NULL) = (content_sha256 IS NULL));
  CREATE INDEX poc_files_waiting_idx ON public.poc_files (created_at) WHERE uploaded_at IS NULL`;

/* Beside what a recount reads already. */
const GATEKEEPER_RIGHTS = `
  CREATE POLICY poc_files_delete_${GATEKEEPER_ROLE} ON public.poc_files FOR DELETE TO ${GATEKEEPER_ROLE} USING (true);
  GRANT DELETE, SELECT (id, uploaded_at, created_at) ON public.poc_files TO ${GATEKEEPER_ROLE}`;

const GATEKEEPER_RIGHTS_GONE = `
  REVOKE DELETE, SELECT (id, uploaded_at, created_at) ON public.poc_files FROM ${GATEKEEPER_ROLE};
  DROP POLICY poc_files_delete_${GATEKEEPER_ROLE} ON public.poc_files`;

/* Ids only: whoever listens on the server's channel hears of every tenant. */
const NOTIFY_POC_CHANGE = `
  CREATE FUNCTION public.notify_poc_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    changed jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
    event text;
    subject text;
  BEGIN
    IF TG_TABLE_NAME = 'pocs' THEN
      event := CASE TG_OP WHEN 'DELETE' THEN 'poc.deleted' ELSE 'poc.updated' END;
    ELSIF TG_TABLE_NAME = 'poc_files' THEN
      event := CASE TG_OP WHEN 'DELETE' THEN 'file.removed' ELSE 'file.added' END;
      subject := changed ->> 'id';
    ELSE
      event := CASE TG_OP WHEN 'DELETE' THEN 'collaborator.removed' ELSE 'collaborator.added' END;
      subject := changed ->> 'user_id';
    END IF;
    PERFORM pg_notify('poc_changes', jsonb_build_object(
      'tenantId', changed ->> 'tenant_id',
      'pocId', coalesce(changed ->> 'poc_id', changed ->> 'id'),
      'event', event,
      'subjectId', subject)::text);
    RETURN NULL;
  END
  $$;
  REVOKE ALL ON FUNCTION public.notify_poc_change() FROM PUBLIC`;

const TRIGGERS = `
  CREATE TRIGGER pocs_notify AFTER UPDATE OR DELETE ON public.pocs
    FOR EACH ROW EXECUTE FUNCTION public.notify_poc_change();
  CREATE TRIGGER poc_files_notify AFTER DELETE OR UPDATE OF uploaded_at ON public.poc_files
    FOR EACH ROW EXECUTE FUNCTION public.notify_poc_change();
  CREATE TRIGGER poc_collaborators_notify AFTER INSERT OR DELETE ON public.poc_collaborators
    FOR EACH ROW EXECUTE FUNCTION public.notify_poc_change()`;
