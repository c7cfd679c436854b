import { ESLint, Linter } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const RULE = 'poc/sql-in-repositories';
const SERVICE = 'apps/auth-service/src/user/user.service.ts';

/** The configuration in force. */
const configOf = async (file: string) =>
  (await new ESLint().calculateConfigForFile(file)) as Linter.Config;

async function faultsOf(code: string): Promise<Linter.LintMessage[]> {
  const { plugins = {} } = await configOf(SERVICE);
  return new Linter().verify(code, {
    plugins: { poc: plugins['poc'] ?? {} },
    rules: { [RULE]: 'error' },
  });
}

describe('SQL in repositories', () => {
  // The first call pays for loading the rules.
  beforeAll(() => configOf(SERVICE), 120_000);

  it.each([
    'this.database.query(LIST, [id]);',
    "transaction.query('SELECT 1');",
    'this.database.lookup(FIND, [id]);',
    'this.database.manager().then((manager) => manager.find(User));',
  ])('refuses a statement: %s', async (code) => {
    expect(await faultsOf(code)).toHaveLength(1);
  });

  it.each(['this.tenants.find(transaction, id);', 'this.database.transaction(context, work);'])(
    'accepts a call of a repository and the start of a transaction: %s',
    async (code) => {
      expect(await faultsOf(code)).toEqual([]);
    },
  );

  it.each([
    [SERVICE, true],
    ['apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.jobs.ts', true],
    ['apps/poc-tracker/src/pocs/poc.controller.ts', true],
    ['apps/auth-service/src/user/user.repository.ts', false],
  ])('is asked of %s: %s', async (file, asked) => {
    expect((await configOf(file)).rules?.[RULE] !== undefined).toBe(asked);
  });
});
