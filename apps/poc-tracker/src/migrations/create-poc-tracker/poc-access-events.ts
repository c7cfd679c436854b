import {
  ACTOR_KIND,
  asGatekeeper,
  CURRENT_USER_ID,
  definerFunction,
  dropTriggers,
  type SchemaPart,
} from '@poc-tracker/tenancy';

/*
 * A trigger, because the login of the tracker can neither read nor insert security events: who takes over the tracker
 * cannot forge one. It records the event of whatever changes the row, such as the deletion of the POC.
 */
const RECORD_POC_ACCESS = definerFunction({
  signature: 'record_poc_access()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  subject jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
  event text;
BEGIN
  IF TG_TABLE_NAME = 'pocs' THEN
    event := CASE WHEN (subject ->> 'is_public')::boolean THEN 'poc.published' ELSE 'poc.unpublished' END;
  ELSE
    event := CASE TG_OP WHEN 'DELETE' THEN 'poc.collaborator_removed' ELSE 'poc.collaborator_added' END;
  END IF;
  INSERT INTO public.security_events (tenant_id, type, result, actor_id, actor_kind, target_type, target_id, details)
  VALUES (
    (subject ->> 'tenant_id')::uuid,
    event,
    'success',
    ${CURRENT_USER_ID},
    ${ACTOR_KIND},
    'poc',
    coalesce(subject ->> 'poc_id', subject ->> 'id'),
    jsonb_strip_nulls(jsonb_build_object('userId', subject ->> 'user_id')));
  RETURN NULL;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER poc_collaborators_access AFTER INSERT OR DELETE ON public.poc_collaborators
    FOR EACH ROW EXECUTE FUNCTION public.record_poc_access();
  CREATE TRIGGER pocs_access AFTER UPDATE OF is_public ON public.pocs
    FOR EACH ROW WHEN (OLD.is_public <> NEW.is_public) EXECUTE FUNCTION public.record_poc_access();
  CREATE TRIGGER pocs_access_on_insert AFTER INSERT ON public.pocs
    FOR EACH ROW WHEN (NEW.is_public) EXECUTE FUNCTION public.record_poc_access()`;

/** The security events about access to POCs: who may work on one, and whether it is public. */
export const POC_ACCESS_EVENTS: SchemaPart = {
  up: [asGatekeeper(RECORD_POC_ACCESS, TRIGGERS)],
  down: [...dropTriggers(TRIGGERS), 'DROP FUNCTION public.record_poc_access()'],
};
