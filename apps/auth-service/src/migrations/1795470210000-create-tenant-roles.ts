import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { OWN_RIGHTS_TRIGGER } from './1795460200000-create-users.js';
import { auditTable } from './audited-table.js';

/** What each role allows, as the contracts say it; admins hold everything there is, hence have no entry. */
const ROLE_PERMISSIONS = `'{
  "viewer": [],
  "user": ["create_pocs"],
  "manager": ["manage_users", "manage_invites", "view_usage", "create_pocs", "manage_pocs"]
}'::jsonb`;

const MAKES_ROLES = `(select public.holds_permissions(${CURRENT_USER_ID}, '["manage_roles"]'))`;

/** Roles that a tenant makes for itself, and the search for people. */
export class CreateTenantRoles1795470210000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(SEARCH);
    await runner.query(asGatekeeper(HOLDS_PERMISSIONS));
    await runner.query(
      [
        protectTenantTable({
          table: 'tenant_roles',
          policies: {
            // People see what their own role is called.
            select: 'true',
            insert: MAKES_ROLES,
            update: MAKES_ROLES,
            delete: MAKES_ROLES,
          },
          columns: { update: ['name', 'description', 'permissions', 'updated_at'] },
          gatekeeper: { select: ['tenant_id', 'id', 'permissions'] },
        }),
        `GRANT SELECT (custom_role_id, search_name, search_last_name), UPDATE (custom_role_id) ON public.users TO ${SERVICE_ROLE}, ${OPERATOR_ROLE}`,
        `GRANT SELECT (custom_role_id) ON public.users TO ${GATEKEEPER_ROLE}`,
        CHANGED_PERMISSIONS,
        KEEP_TO_HELD_RIGHTS,
        TRIGGERS,
      ].join(';\n'),
    );
    await runner.query(asGatekeeper(auditTable('tenant_roles')));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER users_rights_held ON public.users;
      DROP TRIGGER users_rights_held_from_start ON public.users;
      DROP TRIGGER users_own_rights ON public.users;
      ${OWN_RIGHTS_TRIGGER};
      DROP INDEX public.users_search_email_idx, public.users_search_name_idx, public.users_search_last_name_idx,
        public.users_tenant_role_idx, public.users_tenant_status_idx;
      CREATE INDEX users_tenant_role_idx ON public.users (tenant_id, role);
      CREATE INDEX users_tenant_status_idx ON public.users (tenant_id, status);
      ALTER TABLE public.users DROP COLUMN custom_role_id, DROP COLUMN search_name, DROP COLUMN search_last_name;
      DROP TABLE public.tenant_roles;
      DROP FUNCTION public.keep_to_held_rights(), public.changed_permissions(jsonb, jsonb),
        public.holds_permissions(uuid, jsonb)`);
  }
}

/*
 * A role's maker is no foreign key: people refer to roles, and the two would stand in a circle. NO ACTION and not
 * RESTRICT: a role that people have cannot be deleted either way, but a tenant goes with both in one statement.
 */
const TABLES = `
  CREATE TABLE public.tenant_roles (
    tenant_id uuid NOT NULL CONSTRAINT tenant_roles_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    name varchar(50) NOT NULL CONSTRAINT tenant_roles_name_check CHECK (btrim(name) <> ''),
    description varchar(500),
    permissions jsonb NOT NULL DEFAULT '[]'
      CONSTRAINT tenant_roles_permissions_check CHECK (jsonb_typeof(permissions) = 'array'),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_roles_pkey PRIMARY KEY (tenant_id, id)
  );
  CREATE UNIQUE INDEX tenant_roles_name_key ON public.tenant_roles (tenant_id, lower(name));

  ALTER TABLE public.users
    ADD COLUMN custom_role_id uuid,
    ADD CONSTRAINT users_custom_role_fkey FOREIGN KEY (tenant_id, custom_role_id)
      REFERENCES public.tenant_roles (tenant_id, id);
  CREATE INDEX users_custom_role_idx ON public.users (tenant_id, custom_role_id, id) WHERE custom_role_id IS NOT NULL`;

/** How a name is compared in a search: without case and without the accents that keyboards lack. */
const searchKey = (text: string): string =>
  `translate(lower(normalize(${text})),
     'áàâãäåéèêëíìîïóòôõöúùûüçñýÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝ', 'aaaaaaeeeeiiiiooooouuuucnyaaaaaaeeeeiiiiooooouuuucny')`;

/*
 * A prefix is a range of text under "C". LIKE is not leakproof, nor is lower(): under a policy neither may be a condition of
 * an index, whereas comparisons of a column are. Hence the columns; they are made of a name once, when it is written.
 * The id at the end lets a page begin behind the last one, and keeps pages of one role or status in order.
 */
const SEARCH = `
  ALTER TABLE public.users
    ADD COLUMN search_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
      ${searchKey(`btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))`)}) STORED,
    ADD COLUMN search_last_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
      ${searchKey(`coalesce(last_name, '')`)}) STORED;
  CREATE INDEX users_search_email_idx ON public.users (tenant_id, email COLLATE "C", id);
  CREATE INDEX users_search_name_idx ON public.users (tenant_id, search_name, id);
  CREATE INDEX users_search_last_name_idx ON public.users (tenant_id, search_last_name, id);
  DROP INDEX public.users_tenant_role_idx, public.users_tenant_status_idx;
  CREATE INDEX users_tenant_role_idx ON public.users (tenant_id, role, id);
  CREATE INDEX users_tenant_status_idx ON public.users (tenant_id, status, id)`;

/* What a person may do is the union of the role's permissions, their own and those of the role that the tenant made. */
const HOLDS_PERMISSIONS = definerFunction({
  signature: 'holds_permissions(p_user uuid, p_wanted jsonb)',
  returns: 'boolean',
  language: 'plpgsql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  RETURN EXISTS (
    SELECT FROM public.users u
      LEFT JOIN public.tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id
     WHERE u.tenant_id = ${CURRENT_TENANT} AND u.id = p_user AND u.status = 'active'
       AND (u.role = 'admin'
            OR (${ROLE_PERMISSIONS} -> u.role) || u.permissions || coalesce(r.permissions, '[]') @> p_wanted));
END`,
});

const CHANGED_PERMISSIONS = `
  CREATE FUNCTION public.changed_permissions(p_old jsonb, p_new jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(permission), '[]')
      FROM (SELECT jsonb_array_elements(p_old || p_new) AS permission
            EXCEPT
            (SELECT jsonb_array_elements(p_old) INTERSECT SELECT jsonb_array_elements(p_new))) changed
  $$;
  REVOKE ALL ON FUNCTION public.changed_permissions(jsonb, jsonb) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION public.changed_permissions(jsonb, jsonb) TO ${SERVICE_ROLE}`;

/*
 * Nobody gives or takes a permission that they lack, whichever way it goes: by a person's own permissions, by the role
 * that they are given, or by a change of a role. Each way is judged by itself: what somebody has by two of them stays when
 * one is taken. Runs with the rights of whoever writes, to let operators and the loading of a dump pass.
 */
const KEEP_TO_HELD_RIGHTS = `
  CREATE FUNCTION public.keep_to_held_rights() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    before jsonb := '[]';
    old_role uuid;
    wanted jsonb;
  BEGIN
    IF pg_has_role(current_user, '${OPERATOR_ROLE}', 'USAGE') THEN
      RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
      before := OLD.permissions;
    END IF;
    wanted := public.changed_permissions(before, NEW.permissions);
    IF TG_TABLE_NAME = 'users' THEN
      IF TG_OP = 'UPDATE' THEN
        old_role := OLD.custom_role_id;
      END IF;
      IF NEW.custom_role_id IS DISTINCT FROM old_role THEN
        wanted := wanted || coalesce((
          SELECT jsonb_agg(p.permission)
            FROM public.tenant_roles r, jsonb_array_elements(r.permissions) AS p (permission)
           WHERE r.tenant_id = NEW.tenant_id AND r.id IN (old_role, NEW.custom_role_id)), '[]');
      END IF;
    END IF;
    IF wanted <> '[]' AND NOT public.holds_permissions(${CURRENT_USER_ID}, wanted) THEN
      RAISE EXCEPTION 'nobody gives or takes a right that they lack' USING
        ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_TABLE_NAME || '_rights_held';
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_to_held_rights() FROM PUBLIC`;

/* users_own_rights comes first: triggers fire in the order of their names, and who changes their own is told so. */
const TRIGGERS = `
  DROP TRIGGER users_own_rights ON public.users;
  CREATE TRIGGER users_own_rights BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN ((OLD.role, OLD.permissions, OLD.status, OLD.custom_role_id)
      IS DISTINCT FROM (NEW.role, NEW.permissions, NEW.status, NEW.custom_role_id))
    EXECUTE FUNCTION public.keep_own_rights();
  CREATE TRIGGER users_rights_held BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN ((OLD.permissions, OLD.custom_role_id) IS DISTINCT FROM (NEW.permissions, NEW.custom_role_id))
    EXECUTE FUNCTION public.keep_to_held_rights();
  CREATE TRIGGER users_rights_held_from_start BEFORE INSERT ON public.users
    FOR EACH ROW WHEN (NEW.permissions <> '[]' OR NEW.custom_role_id IS NOT NULL)
    EXECUTE FUNCTION public.keep_to_held_rights();
  CREATE TRIGGER tenant_roles_rights_held BEFORE INSERT OR UPDATE OF permissions ON public.tenant_roles
    FOR EACH ROW EXECUTE FUNCTION public.keep_to_held_rights();
  CREATE TRIGGER tenant_roles_updated_at BEFORE UPDATE ON public.tenant_roles
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at()`;
