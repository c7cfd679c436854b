import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ID,
  definerFunction,
  dropTriggers,
  isWithinOwnRank,
  OPERATOR_ROLE,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

/* Reads nothing but the context, so it needs no rights of its own. */
const REFUSE_OWN_RIGHTS_CHANGE = `
  CREATE FUNCTION public.refuse_own_rights_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF NEW.id = ${CURRENT_USER_ID} THEN
      RAISE EXCEPTION 'a user cannot change their own rights' USING
        ERRCODE = 'insufficient_privilege', TABLE = 'users', CONSTRAINT = 'users_own_role_fixed';
    END IF;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.refuse_own_rights_change() FROM PUBLIC`;

/*
 * Only the user chooses their password. Another one may set a temporary password, which opens no session until the user
 * replaces it; refuse_rights_not_held() allows it only to those who hold every permission of the user, because they could
 * replace it and log in as them. A temporary password always expires, after 720 hours at most (TEMPORARY_PASSWORD_HOURS),
 * and only a new password moves that time: otherwise one that was never replaced could be made valid again.
 */
const REFUSE_PASSWORD_CHANGE_BY_OTHERS = `
  CREATE FUNCTION public.refuse_password_change_by_others() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    IF pg_has_role(session_user, '${OPERATOR_ROLE}', 'USAGE') THEN
      RETURN NEW;
    END IF;
    IF OLD.password_hash <> NEW.password_hash AND (NEW.id = ${CURRENT_USER_ID} OR (NEW.must_change_password
        AND NEW.temporary_password_expires_at <= now() + interval '720 hours')) THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'only the user chooses their password' USING
      ERRCODE = 'insufficient_privilege', TABLE = 'users', CONSTRAINT = 'users_own_password';
  END
  $$;
  REVOKE ALL ON FUNCTION public.refuse_password_change_by_others() FROM PUBLIC`;

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
    RAISE EXCEPTION 'a tenant keeps its last active admin' USING
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
 * Who holds a custom role: the current user, and users above their role. A change of the role is one of their rights,
 * and the current user may change neither. It answers the service as well, which cannot see all users with
 * manage_roles alone.
 */
const ROLE_HOLDERS = definerFunction({
  signature: 'role_holders(p_role uuid)',
  returns: 'TABLE (self boolean, above boolean)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT EXISTS (
         SELECT FROM public.users u
          WHERE u.tenant_id = ${CURRENT_TENANT} AND u.custom_role_id = p_role AND u.id = ${CURRENT_USER_ID}),
       EXISTS (
         SELECT FROM public.users u
          WHERE u.tenant_id = ${CURRENT_TENANT} AND u.custom_role_id = p_role
            AND (${isWithinOwnRank('u.role')}) IS NOT TRUE)`,
});

/*
 * A trigger and no statement of the service, whose login cannot write the column. A higher role takes over the suspension
 * that a lower one has placed, and not the reverse.
 */
const RECORD_SUSPENSION = `
  CREATE FUNCTION public.record_suspension() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  BEGIN
    NEW.suspended_by_role := CASE
      WHEN NEW.status <> 'suspended' THEN NULL
      WHEN OLD.suspended_by_role IS NOT NULL AND (${isWithinOwnRank('OLD.suspended_by_role')}) IS NOT TRUE
        THEN OLD.suspended_by_role
      ELSE nullif(current_setting('app.user_role', true), '') END;
    RETURN NEW;
  END
  $$;
  REVOKE ALL ON FUNCTION public.record_suspension() FROM PUBLIC`;

/*
 * A user grants or revokes only permissions that they hold: a user's own permissions, a user's custom role, and the
 * permissions of a custom role. Each of these is checked alone, so a user who holds a permission in two ways keeps it
 * when one is revoked. Suspending, reactivating or deleting a user, and changing the address or the password that they
 * log in with, grants or revokes everything that they hold. While a user is suspended, that takes the role of the one who
 * suspended them.
 *
 * Operators and the restore of a dump may write every permission. They are recognized by the login and not by the current
 * role, which is the owner of the table when a user is deleted together with their tenant.
 */
const REFUSE_RIGHTS_NOT_HELD = `
  CREATE FUNCTION public.refuse_rights_not_held() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    wanted jsonb := '[]';
    changed_roles uuid[];
    missing text;
  BEGIN
    IF pg_has_role(session_user, '${OPERATOR_ROLE}', 'USAGE') THEN
      RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
      wanted := public.changed_permissions(CASE TG_OP WHEN 'UPDATE' THEN OLD.permissions ELSE '[]' END, NEW.permissions);
    END IF;
    IF TG_TABLE_NAME = 'users' THEN
      IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND
        (OLD.status <> NEW.status OR OLD.email <> NEW.email OR OLD.password_hash <> NEW.password_hash)) THEN
        IF OLD.suspended_by_role IS NOT NULL AND (${isWithinOwnRank('OLD.suspended_by_role')}) IS NOT TRUE THEN
          RAISE EXCEPTION 'a higher role has suspended the user' USING
            ERRCODE = 'insufficient_privilege', TABLE = 'users', CONSTRAINT = 'users_suspended_by_higher_role';
        END IF;
        wanted := wanted || to_jsonb(public.role_permissions(OLD.role)) || OLD.permissions;
        changed_roles := ARRAY[OLD.custom_role_id];
      END IF;
      IF TG_OP = 'INSERT' THEN
        changed_roles := ARRAY[NEW.custom_role_id];
      ELSIF TG_OP = 'UPDATE' AND OLD.custom_role_id IS DISTINCT FROM NEW.custom_role_id THEN
        changed_roles := ARRAY[OLD.custom_role_id, NEW.custom_role_id];
      END IF;
      wanted := wanted || coalesce((
        SELECT jsonb_agg(p.permission)
          FROM public.tenant_roles r, jsonb_array_elements(r.permissions) AS p (permission)
         WHERE r.id = ANY (changed_roles)), '[]');
    ELSIF TG_OP = 'UPDATE' AND wanted <> '[]' AND EXISTS (
      SELECT FROM public.role_holders(NEW.id) h WHERE h.self OR h.above) THEN
      RAISE EXCEPTION 'a user cannot change a role that they hold, or that a user above them holds' USING
        ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME, CONSTRAINT = 'tenant_roles_holders';
    END IF;
    SELECT string_agg(DISTINCT p.permission, ' ') INTO missing
      FROM jsonb_array_elements_text(wanted) p (permission) WHERE NOT public.has_permission(p.permission);
    IF missing IS NOT NULL THEN
      RAISE EXCEPTION 'a user cannot grant or revoke a permission that they do not hold' USING
        ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_TABLE_NAME || '_rights_held',
        DETAIL = missing;
    END IF;
    RETURN NULL;
  END
  $$;
  REVOKE ALL ON FUNCTION public.refuse_rights_not_held() FROM PUBLIC`;

/*
 * The rights are checked after the change. Then a permission that another transaction has just added to the custom role
 * is checked as well: changes of a custom role lock its row (RoleService.update), and the foreign key, whose trigger
 * fires first by its name, has waited for that lock. A user may always change their own address.
 */
const TRIGGERS = `
  CREATE TRIGGER users_own_rights BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN ((OLD.role, OLD.permissions, OLD.status, OLD.custom_role_id)
      IS DISTINCT FROM (NEW.role, NEW.permissions, NEW.status, NEW.custom_role_id))
    EXECUTE FUNCTION public.refuse_own_rights_change();
  CREATE TRIGGER users_own_password
    BEFORE UPDATE OF password_hash, must_change_password, temporary_password_expires_at ON public.users
    FOR EACH ROW WHEN (OLD.temporary_password_expires_at IS DISTINCT FROM NEW.temporary_password_expires_at
      OR ((OLD.password_hash <> NEW.password_hash OR OLD.must_change_password AND NOT NEW.must_change_password)
        AND NEW.id IS DISTINCT FROM nullif(current_setting('app.current_user_id', true), '')::uuid))
    EXECUTE FUNCTION public.refuse_password_change_by_others();
  CREATE TRIGGER users_suspension BEFORE UPDATE OF status ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.record_suspension();
  CREATE TRIGGER users_rights_held AFTER UPDATE ON public.users
    FOR EACH ROW WHEN ((OLD.permissions, OLD.custom_role_id, OLD.status)
        IS DISTINCT FROM (NEW.permissions, NEW.custom_role_id, NEW.status)
      OR ((OLD.email <> NEW.email OR OLD.password_hash <> NEW.password_hash) AND NEW.id IS DISTINCT FROM
        nullif(current_setting('app.current_user_id', true), '')::uuid))
    EXECUTE FUNCTION public.refuse_rights_not_held();
  CREATE TRIGGER users_rights_held_on_insert AFTER INSERT ON public.users
    FOR EACH ROW WHEN (NEW.permissions <> '[]' OR NEW.custom_role_id IS NOT NULL)
    EXECUTE FUNCTION public.refuse_rights_not_held();
  CREATE TRIGGER users_rights_held_on_delete AFTER DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.refuse_rights_not_held();
  CREATE TRIGGER tenant_roles_rights_held AFTER INSERT OR UPDATE OF permissions ON public.tenant_roles
    FOR EACH ROW EXECUTE FUNCTION public.refuse_rights_not_held();
  CREATE TRIGGER users_last_admin AFTER UPDATE ON public.users
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.status = 'active' AND (NEW.role <> 'admin' OR NEW.status <> 'active'))
    EXECUTE FUNCTION public.keep_last_admin();
  CREATE TRIGGER users_last_admin_deleted AFTER DELETE ON public.users
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.status = 'active')
    EXECUTE FUNCTION public.keep_last_admin()`;

/** The rules for changes of rights, which a policy cannot express because it never sees the old row with the new. */
export const USER_RIGHTS: SchemaPart = {
  up: [
    REFUSE_OWN_RIGHTS_CHANGE,
    REFUSE_PASSWORD_CHANGE_BY_OTHERS,
    RECORD_SUSPENSION,
    CHANGED_PERMISSIONS,
    asGatekeeper(ROLE_HOLDERS),
    REFUSE_RIGHTS_NOT_HELD,
    asGatekeeper(KEEP_LAST_ADMIN, TRIGGERS),
  ],
  down: [
    ...dropTriggers(TRIGGERS),
    `DROP FUNCTION public.refuse_own_rights_change(), public.refuse_password_change_by_others(),
       public.record_suspension(),
       public.refuse_rights_not_held(), public.changed_permissions(jsonb, jsonb),
       public.keep_last_admin(), public.role_holders(uuid)`,
  ],
};
