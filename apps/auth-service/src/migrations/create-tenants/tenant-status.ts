import {
  asGatekeeper,
  CURRENT_TENANT,
  CURRENT_USER_ROLE,
  definerFunction,
  dropTriggers,
  type SchemaPart,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';

const REFUSE_CHANGE = `RAISE EXCEPTION 'a tenant cannot go from % to %', OLD.status, target USING
      ERRCODE = 'check_violation', TABLE = 'tenants', CONSTRAINT = 'tenants_status_transition';`;

/* is_being_purged() reads purged_tenants, and is created with it by the migration of the platform. */
const CHECK_TENANT_TRANSITION = definerFunction({
  signature: 'check_tenant_transition()',
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
    ${REFUSE_CHANGE}
  END IF;
  NEW.status_changed_at := now();
  -- From which the days to restore are counted; a restored tenant is found again by the look-ups.
  NEW.deleted_at := CASE WHEN NEW.status = 'canceled' THEN now() END;
  RETURN NEW;
END`,
});

/* A tenant's row is deleted only as the last step of its purge. */
const KEEP_TENANT_ROW = definerFunction({
  signature: 'keep_tenant_row()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  target CONSTANT text := 'purged';
BEGIN
  IF OLD.status <> 'canceled' OR NOT public.is_being_purged(OLD.id) THEN
    ${REFUSE_CHANGE}
  END IF;
  RETURN OLD;
END`,
});

/* The service has no right to update the status. Its tenant's admin cancels the tenant through this function. */
const CANCEL_CURRENT_TENANT = definerFunction({
  signature: 'cancel_current_tenant(p_reason text)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [SERVICE_ROLE],
  body: `
BEGIN
  UPDATE public.tenants t SET status = 'canceled', status_reason = p_reason
   WHERE t.id = ${CURRENT_TENANT} AND ${CURRENT_USER_ROLE} = 'admin';
  RETURN FOUND;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER tenants_transitions BEFORE UPDATE OF status ON public.tenants
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION public.check_tenant_transition();
  CREATE TRIGGER tenants_row_kept BEFORE DELETE ON public.tenants
    FOR EACH ROW EXECUTE FUNCTION public.keep_tenant_row()`;

/** The life cycle of a tenant's row: which changes of status are allowed, and when the row may be deleted. */
export const TENANT_STATUS: SchemaPart = {
  up: [asGatekeeper(CHECK_TENANT_TRANSITION, KEEP_TENANT_ROW, CANCEL_CURRENT_TENANT, TRIGGERS)],
  down: [
    ...dropTriggers(TRIGGERS),
    'DROP FUNCTION public.check_tenant_transition(), public.keep_tenant_row(), public.cancel_current_tenant(text)',
  ],
};
