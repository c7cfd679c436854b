import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  definerFunction,
  OPERATOR_ROLE,
  protectTenantTable,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { auditTable } from './audited-table.js';

/**
 * The reserved tenant whose people operate the platform, the one-time secrets that make them, and the clients that ask
 * about tokens without being a person. Only the operators' login writes any of it: no road that the services' login can
 * take leads to an operator.
 */
export class CreatePlatformTenant1795470000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(
      [
        protectTenantTable({
          table: 'operator_invitations',
          policies: {},
          gatekeeper: { select: true },
        }),
        protectTenantTable({
          table: 'service_clients',
          policies: {},
          gatekeeper: { select: true },
        }),
        // On top of the policy that lets a sign-up write the tenant that it names.
        `CREATE POLICY tenants_platform_reserved ON public.tenants AS RESTRICTIVE FOR INSERT TO ${SERVICE_ROLE}
           WITH CHECK (NOT is_platform)`,
      ].join(';\n'),
    );
    await runner.query(
      asGatekeeper(
        KEEP_PLATFORM_PEOPLE,
        FIND_SERVICE_CLIENT,
        OPERATOR_INVITATION_IS_OPEN,
        auditTable('operator_invitations'),
        auditTable('service_clients'),
      ),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER users_platform_people ON public.users;
      DROP TRIGGER users_platform_rights ON public.users;
      DROP FUNCTION public.keep_platform_people(), public.find_service_client(uuid),
        public.operator_invitation_is_open(text, bytea);
      DROP TABLE public.service_clients, public.operator_invitations;
      DROP POLICY tenants_platform_reserved ON public.tenants;
      ALTER TABLE public.tenants DROP COLUMN is_platform`);
  }
}

const TABLES = `
  ALTER TABLE public.tenants ADD COLUMN is_platform boolean NOT NULL DEFAULT false
    CONSTRAINT tenants_platform_name_check CHECK (NOT is_platform OR subdomain = 'platform'),
    -- Whoever could end it would lock every operator out.
    ADD CONSTRAINT tenants_platform_stays CHECK (
      NOT is_platform OR (status = 'active' AND deleted_at IS NULL AND subscription_ends_at IS NULL));
  CREATE UNIQUE INDEX tenants_platform_key ON public.tenants (is_platform) WHERE is_platform;

  CREATE TABLE public.operator_invitations (
    tenant_id uuid NOT NULL
      CONSTRAINT operator_invitations_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    email varchar(255) NOT NULL CONSTRAINT operator_invitations_email_check CHECK (email = lower(email)),
    -- SHA-256 of a secret of 256 random bits, to which a slow hash would add nothing.
    secret_hash bytea NOT NULL
      CONSTRAINT operator_invitations_secret_hash_check CHECK (octet_length(secret_hash) = 32),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT operator_invitations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT operator_invitations_secret_hash_key UNIQUE (tenant_id, secret_hash)
  );

  CREATE TABLE public.service_clients (
    tenant_id uuid NOT NULL
      CONSTRAINT service_clients_tenant_fkey REFERENCES public.tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT public.uuid_v7(),
    name varchar(100) NOT NULL CONSTRAINT service_clients_name_check CHECK (btrim(name) <> ''),
    secret_hash bytea NOT NULL
      CONSTRAINT service_clients_secret_hash_check CHECK (octet_length(secret_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT service_clients_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT service_clients_name_key UNIQUE (tenant_id, name)
  )`;

/*
 * Runs with the rights of whoever writes, to see who that is: a login of the services is refused, also where it goes
 * through a definer function; the operators' login passes, and so does whoever loads a dump.
 */
const KEEP_PLATFORM_PEOPLE = `
  CREATE FUNCTION public.keep_platform_people() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF NOT pg_has_role(current_user, '${OPERATOR_ROLE}', 'USAGE')
       AND EXISTS (SELECT FROM public.tenants WHERE id = NEW.tenant_id AND is_platform) THEN
      RAISE EXCEPTION 'operators are made by the command line alone' USING
        ERRCODE = 'insufficient_privilege', TABLE = 'users',
        CONSTRAINT = CASE TG_OP WHEN 'INSERT' THEN 'users_platform_people' ELSE 'users_platform_rights' END;
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_platform_people() FROM PUBLIC;
  CREATE TRIGGER users_platform_people BEFORE INSERT ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.keep_platform_people();
  CREATE TRIGGER users_platform_rights BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN ((OLD.role, OLD.permissions, OLD.status) IS DISTINCT FROM (NEW.role, NEW.permissions, NEW.status))
    EXECUTE FUNCTION public.keep_platform_people()`;

/* Asked before anything is known of the caller but the id that it sends; its secret is compared by the service. */
const FIND_SERVICE_CLIENT = definerFunction({
  signature: 'find_service_client(p_id uuid)',
  returns: 'TABLE (id uuid, name text, secret_hash bytea)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT c.id, c.name, c.secret_hash
  FROM public.service_clients c
 WHERE c.tenant_id = (SELECT t.id FROM public.tenants t WHERE t.is_platform)
   AND c.id = p_id AND c.revoked_at IS NULL`,
});

/*
 * Asked by whoever holds a secret, before anything costly is done for them and before the few connections of the
 * operators' login are touched. It promises nothing: the activation itself decides.
 */
const OPERATOR_INVITATION_IS_OPEN = definerFunction({
  signature: 'operator_invitation_is_open(p_email text, p_secret_hash bytea)',
  returns: 'boolean',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT EXISTS (
  SELECT FROM public.operator_invitations o
   WHERE o.tenant_id = (SELECT t.id FROM public.tenants t WHERE t.is_platform)
     AND o.secret_hash = p_secret_hash AND o.email = lower(p_email)
     AND o.used_at IS NULL AND o.expires_at > now())`,
});
