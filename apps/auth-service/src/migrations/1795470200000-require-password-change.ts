import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  asGatekeeper,
  CURRENT_TENANT,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  SERVICE_ROLE,
} from '@poc-tracker/tenancy';
import { FIND_CREDENTIALS } from './1795460200000-create-users.js';

const DROP_FIND_CREDENTIALS = 'DROP FUNCTION public.find_credentials(text)';

/** People whose password somebody else chose must set their own before they come in. */
export class RequirePasswordChange1795470200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE public.users ADD COLUMN must_change_password boolean NOT NULL DEFAULT false;
      GRANT SELECT (must_change_password), UPDATE (must_change_password) ON public.users
        TO ${SERVICE_ROLE}, ${OPERATOR_ROLE};
      GRANT SELECT (must_change_password) ON public.users TO ${GATEKEEPER_ROLE}`);
    await runner.query(asGatekeeper(DROP_FIND_CREDENTIALS, FIND_CREDENTIALS_WITH_CHANGE));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(asGatekeeper(DROP_FIND_CREDENTIALS, FIND_CREDENTIALS));
    await runner.query('ALTER TABLE public.users DROP COLUMN must_change_password');
  }
}

const FIND_CREDENTIALS_WITH_CHANGE = definerFunction({
  signature: 'find_credentials(p_email text)',
  returns:
    'TABLE (id uuid, password_hash text, status text, role text, permissions jsonb, must_change_password boolean)',
  language: 'sql',
  volatility: 'stable',
  callers: [SERVICE_ROLE],
  body: `
SELECT u.id, u.password_hash, u.status, u.role, u.permissions, u.must_change_password
  FROM public.users u
 WHERE u.tenant_id = ${CURRENT_TENANT} AND u.email = lower(p_email)`,
});
