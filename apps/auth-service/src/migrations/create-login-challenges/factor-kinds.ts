import { asGatekeeper, definerFunction, dropTriggers, type SchemaPart } from '@poc-tracker/tenancy';

/*
 * Keeps users.factors, of which the sessions of the user are informed. Log-ins that wait for a factor and remembered devices end
 * as well, also if another factor of the same kind is left. A trigger, so that no writer of factors can leave it out. The
 * row of the user is locked first, or one of two changes at once would not see the other.
 */
const KEEP_FACTOR_KINDS = definerFunction({
  signature: 'keep_factor_kinds()',
  returns: 'trigger',
  language: 'plpgsql',
  body: `
DECLARE
  tenant CONSTANT uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.tenant_id ELSE NEW.tenant_id END;
  owner CONSTANT uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END;
BEGIN
  PERFORM FROM public.users u WHERE u.tenant_id = tenant AND u.id = owner FOR NO KEY UPDATE;
  UPDATE public.users u SET factors = ARRAY(
      SELECT DISTINCT f.kind FROM public.user_factors f
       WHERE f.tenant_id = tenant AND f.user_id = owner AND f.confirmed_at IS NOT NULL ORDER BY f.kind DESC)
   WHERE u.tenant_id = tenant AND u.id = owner;
  DELETE FROM public.login_challenges c WHERE c.tenant_id = tenant AND c.user_id = owner;
  DELETE FROM public.remembered_devices d WHERE d.tenant_id = tenant AND d.user_id = owner;
  RETURN NULL;
END`,
});

const TRIGGERS = `
  CREATE TRIGGER user_factors_kinds_added AFTER INSERT ON public.user_factors
    FOR EACH ROW WHEN (NEW.confirmed_at IS NOT NULL) EXECUTE FUNCTION public.keep_factor_kinds();
  CREATE TRIGGER user_factors_kinds_confirmed AFTER UPDATE OF confirmed_at ON public.user_factors
    FOR EACH ROW WHEN (OLD.confirmed_at IS DISTINCT FROM NEW.confirmed_at) EXECUTE FUNCTION public.keep_factor_kinds();
  CREATE TRIGGER user_factors_kinds_removed AFTER DELETE ON public.user_factors
    FOR EACH ROW WHEN (OLD.confirmed_at IS NOT NULL) EXECUTE FUNCTION public.keep_factor_kinds()`;

/** The kinds of a user's confirmed factors in the row of the user, where the status of a session finds them. */
export const FACTOR_KINDS: SchemaPart = {
  up: [asGatekeeper(KEEP_FACTOR_KINDS, TRIGGERS)],
  down: [...dropTriggers(TRIGGERS), 'DROP FUNCTION public.keep_factor_kinds()'],
};
