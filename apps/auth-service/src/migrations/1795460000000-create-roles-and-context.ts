import type { MigrationInterface, QueryRunner } from 'typeorm';
import { GATEKEEPER_ROLE, OPERATOR_ROLE, SERVICE_ROLE } from '@poc-tracker/tenancy';
import { SEARCH_KEY_FUNCTION } from './create-roles-and-context/search-key.js';
import { EMAIL_KEY_FUNCTIONS } from './create-roles-and-context/stored-email.js';
import { TEXT_FUNCTIONS } from './create-roles-and-context/stored-text.js';

const GROUP_ROLES = [SERVICE_ROLE, OPERATOR_ROLE, GATEKEEPER_ROLE];

/**
 * The roles, the context of a transaction, and the functions that every table uses. Roles belong to the whole cluster
 * and another database may use them, so they are created if they are missing and never dropped.
 */
export class CreateRolesAndContext1795460000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const role of GROUP_ROLES) {
      await runner.query(`
        DO $$ BEGIN
          CREATE ROLE ${role} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$`);
    }
    await runner.query(`
      GRANT USAGE ON SCHEMA public TO ${GROUP_ROLES.join(', ')};

      -- A temporary table outlives its transaction on a pooled connection, and no policy protects it. Going down does
      -- not allow them again.
      DO $$ BEGIN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
      END $$;

      -- RFC 9562, version 7: 48 bits of milliseconds, then random bits. PostgreSQL has uuidv7() only from version 18.
      CREATE FUNCTION public.uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
      SET search_path = pg_catalog, pg_temp AS $$
        SELECT encode(
          set_bit(
            set_bit(
              overlay(
                uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
              52, 1),
            53, 1),
          'hex')::uuid
      $$;

      -- The permissions of each built-in role, as in libs/contracts.
      CREATE FUNCTION public.role_permissions(p_role text) RETURNS text[]
      LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
        SELECT CASE p_role
          WHEN 'user' THEN ARRAY['create_pocs']
          WHEN 'manager' THEN ARRAY['manage_users', 'manage_invites', 'view_usage', 'create_pocs', 'manage_pocs']
          WHEN 'admin' THEN ARRAY['manage_users', 'manage_roles', 'manage_invites', 'manage_settings', 'view_usage',
                                  'view_audit', 'create_pocs', 'manage_pocs']
          ELSE ARRAY[]::text[] END
      $$;

      -- p_permissions: everything that the user may do; by default what the role permits.
      CREATE FUNCTION public.set_user_context(
        p_tenant uuid, p_user uuid, p_role text, p_permissions text[] DEFAULT NULL) RETURNS void
      LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
        SELECT set_config('app.current_tenant_id', coalesce(p_tenant::text, ''), true),
               set_config('app.current_user_id', coalesce(p_user::text, ''), true),
               set_config('app.user_role', coalesce(p_role, ''), true),
               set_config('app.user_permissions',
                 array_to_string(coalesce(p_permissions, public.role_permissions(p_role)), ' '), true)
      $$;

      -- Whether the current user holds a permission. The setting is a list separated by spaces, like a scope in RFC 6749,
      -- section 3.3. A missing or malformed setting is false and no error. RETURN resolves every name when the function
      -- is created, so no search_path can change what it calls, and PostgreSQL can inline it into the policies.
      CREATE FUNCTION public.has_permission(p_permission text) RETURNS boolean
      LANGUAGE sql STABLE PARALLEL SAFE
      RETURN coalesce(
        p_permission = ANY (string_to_array(current_setting('app.user_permissions', true), ' ')), false);

      CREATE FUNCTION public.set_tenant_context(p_tenant uuid) RETURNS void
      LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
        SELECT public.set_user_context(p_tenant, NULL, NULL)
      $$;

      CREATE FUNCTION public.update_updated_at() RETURNS trigger
      LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        NEW.updated_at := now();
        RETURN NEW;
      END
      $$;

      REVOKE ALL ON FUNCTION public.uuid_v7(), public.role_permissions(text),
        public.set_user_context(uuid, uuid, text, text[]), public.set_tenant_context(uuid),
        public.has_permission(text), public.update_updated_at() FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION public.uuid_v7(), public.role_permissions(text) TO ${GROUP_ROLES.join(', ')};
      GRANT EXECUTE ON FUNCTION public.set_user_context(uuid, uuid, text, text[]), public.set_tenant_context(uuid)
        TO ${SERVICE_ROLE}, ${OPERATOR_ROLE};
      GRANT EXECUTE ON FUNCTION public.has_permission(text) TO ${SERVICE_ROLE}, ${GATEKEEPER_ROLE}`);
    await runner.query(
      [...SEARCH_KEY_FUNCTION.up, ...EMAIL_KEY_FUNCTIONS.up, ...TEXT_FUNCTIONS.up].join(';\n'),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      [...TEXT_FUNCTIONS.down, ...EMAIL_KEY_FUNCTIONS.down, ...SEARCH_KEY_FUNCTION.down].join(
        ';\n',
      ),
    );
    await runner.query(`
      DROP FUNCTION public.update_updated_at(), public.has_permission(text), public.set_tenant_context(uuid),
        public.set_user_context(uuid, uuid, text, text[]), public.role_permissions(text), public.uuid_v7();
      REVOKE USAGE ON SCHEMA public FROM ${GROUP_ROLES.join(', ')}`);
  }
}
