import { dropTriggers, type SchemaPart } from '@poc-tracker/tenancy';

/* The notification carries ids only, because every listener on the server's channel receives those of all tenants. */
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

/** The notifications from which the tracker streams changes to its clients. */
export const POC_CHANGES: SchemaPart = {
  up: [NOTIFY_POC_CHANGE, TRIGGERS],
  down: [...dropTriggers(TRIGGERS), 'DROP FUNCTION public.notify_poc_change()'],
};
