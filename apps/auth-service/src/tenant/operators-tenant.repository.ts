import type { SqlRunner } from '@poc-tracker/tenancy';

/**
 * The id of the tenant whose users are the operators, or null if it does not exist yet.
 * @param runner an operator's transaction, or the operators' login. The policies hide the row from other tenants.
 */
export async function findOperatorsTenant(runner: SqlRunner): Promise<string | null> {
  const [found] = await runner.query<{ id: string }>('SELECT id FROM tenants WHERE is_platform');
  return found?.id ?? null;
}
