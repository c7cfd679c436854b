import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_USER_ID,
  definerFunction,
  GATEKEEPER_ROLE,
} from '@poc-tracker/tenancy';

const COLUMNS = 'tenant_id, type, result, actor_id, actor_kind, target_type, target_id, details';

/** Nearing and reaching a limit stands in the audit trail, from the transaction that did it. */
export class RecordLimitEvents1795470550000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE POLICY security_events_insert_${GATEKEEPER_ROLE} ON public.security_events
        FOR INSERT TO ${GATEKEEPER_ROLE} WITH CHECK (true);
      GRANT INSERT (${COLUMNS}) ON public.security_events TO ${GATEKEEPER_ROLE}`);
    await runner.query(asGatekeeper(RECORD_LIMIT_EVENT, TRIGGER));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TRIGGER usage_events_recorded ON public.usage_events;
      DROP FUNCTION public.record_limit_event();
      REVOKE INSERT (${COLUMNS}) ON public.security_events FROM ${GATEKEEPER_ROLE};
      DROP POLICY security_events_insert_${GATEKEEPER_ROLE} ON public.security_events`);
  }
}

const RECORD_LIMIT_EVENT = definerFunction({
  signature: 'record_limit_event()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
BEGIN
  INSERT INTO public.security_events (${COLUMNS})
  VALUES (
    NEW.tenant_id,
    CASE NEW.level WHEN 'warning' THEN 'limit.warning' ELSE 'limit.reached' END,
    'success',
    ${CURRENT_USER_ID},
    CASE WHEN current_setting('app.actor_kind', true) = 'operator' THEN 'operator'
         WHEN ${CURRENT_USER_ID} IS NULL THEN 'system'
         ELSE 'user' END,
    'limit',
    NEW.resource,
    jsonb_build_object('used', NEW.used, 'allowed', NEW.allowed));
  RETURN NULL;
END`,
});

const TRIGGER = `
  CREATE TRIGGER usage_events_recorded AFTER INSERT ON public.usage_events
    FOR EACH ROW EXECUTE FUNCTION public.record_limit_event()`;
