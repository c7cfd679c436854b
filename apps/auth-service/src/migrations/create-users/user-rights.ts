import {
  asGatekeeper,
  CURRENT_USER_ID,
  definerFunction,
  OPERATOR_ROLE,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

/* Reads nothing but the context, so it needs no rights of its own. */
const KEEP_OWN_RIGHTS = `
  CREATE FUNCTION public.keep_own_rights() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF NEW.id = ${CURRENT_USER_ID} THEN
      RAISE EXCEPTION 'nobody changes their own rights' USING
        ERRCODE = 'insufficient_privilege', TABLE = 'users', CONSTRAINT = 'users_own_role_fixed';
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.keep_own_rights() FROM PUBLIC`;

/*
 * An AFTER trigger, so that a statement that demotes several admins is checked by its result. It locks the tenant's
 * usage first: when two admins demote each other at the same time, the second one waits and then sees the result of
 * the first.
 */
const KEEP_LAST_ADMIN = definerFunction({
  signature: 'keep_last_admin()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  PERFORM FROM public.tenant_usage WHERE tenant_id = OLD.tenant_id FOR UPDATE;
  -- Without the row the tenant itself is being deleted, and its last admin with it.
  IF FOUND
     AND EXISTS (SELECT FROM public.tenants WHERE id = OLD.tenant_id)
     AND NOT EXISTS (
       SELECT FROM public.users WHERE tenant_id = OLD.tenant_id AND role = 'admin' AND status = 'active') THEN
    RAISE EXCEPTION 'the last active admin of a tenant stays' USING
      ERRCODE = 'check_violation', TABLE = 'users', CONSTRAINT = 'users_last_admin_stays';
  END IF;
  RETURN NULL;
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
 * A user grants or revokes only permissions that they hold: a user's own permissions, a user's custom role, and the
 * permissions of a custom role. Each of these is checked alone, so a user who holds a permission in two ways keeps it
 * when one is revoked. The function runs with the rights of the caller, because operators and the restore of a dump may
 * write every permission.
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

/*
 * Triggers fire in the order of their names. users_own_rights precedes users_rights_held, so a user who changes their
 * own rights gets the error that says so.
 */
const TRIGGERS = `
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
  CREATE TRIGGER users_last_admin AFTER UPDATE ON public.users
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.status = 'active' AND (NEW.role <> 'admin' OR NEW.status <> 'active'))
    EXECUTE FUNCTION public.keep_last_admin();
  CREATE TRIGGER users_last_admin_deleted AFTER DELETE ON public.users
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.status = 'active')
    EXECUTE FUNCTION public.keep_last_admin()`;

const TRIGGERS_BY_TABLE = [
  ['users', 'users_own_rights'],
  ['users', 'users_rights_held'],
  ['users', 'users_rights_held_from_start'],
  ['tenant_roles', 'tenant_roles_rights_held'],
  ['users', 'users_last_admin'],
  ['users', 'users_last_admin_deleted'],
] as const;

/** The rules for changes of rights, which a policy cannot express because it never sees the old row with the new. */
export const USER_RIGHTS: SchemaPart = {
  up: [
    KEEP_OWN_RIGHTS,
    CHANGED_PERMISSIONS,
    KEEP_TO_HELD_RIGHTS,
    asGatekeeper(KEEP_LAST_ADMIN, TRIGGERS),
  ],
  down: [
    ...TRIGGERS_BY_TABLE.map(([table, name]) => `DROP TRIGGER ${name} ON public.${table}`),
    `DROP FUNCTION public.keep_own_rights(), public.keep_to_held_rights(), public.changed_permissions(jsonb, jsonb),
       public.keep_last_admin()`,
  ],
};
