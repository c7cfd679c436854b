import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

/** Two files that import nothing: their text is replaced, only the place counts. */
const SERVICE_CODE = 'libs/contracts/src/roles.ts';
const DDL_CODE = 'libs/tenancy/src/schema/row-level-security.ts';

const DATABASE =
  'declare const db: { query(sql: string, params?: unknown[]): Promise<unknown> };\n';

/** The rules that are in force, on a project of those two files: the whole one takes seconds to load. */
const eslint = new ESLint({
  overrideConfig: {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: {
        projectService: false,
        project: 'scripts/lint-rules/tsconfig.json',
        // With CI=true the compiler would read each file once, from the disk, and not see the text that it is given.
        disallowAutomaticSingleRunInference: true,
      },
    },
  },
});

async function brokenRules(code: string, filePath = SERVICE_CODE): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath });
  return (result?.messages ?? []).map((message) => message.ruleId);
}

describe('lint rules', () => {
  // The first file pays for loading the compiler and the types of Node.
  beforeAll(() => brokenRules(''), 120_000);

  it.each([
    ['a value inside SQL', "export const f = (n: string) => db.query(`SELECT '${n}'`);"],
    ['SQL joined with a value', "export const f = (n: string) => db.query('SELECT ' + n);"],
    [
      'SQL built one line earlier',
      'export const f = (n: string) => { const sql = `SELECT ${n}`; return db.query(sql); };',
    ],
  ])('refuse %s', async (_what, code) => {
    expect(await brokenRules(DATABASE + code)).toEqual(['poc/sql-from-constants']);
  });

  it.each([
    ['plain SQL with parameters', "export const f = (n: string) => db.query('SELECT $1', [n]);"],
    [
      'SQL put together from constants',
      "const COLUMNS = 'id, name'; export const f = () => db.query(`SELECT ${COLUMNS} FROM t`);",
    ],
    ['a wrapper that passes its parameter on', 'export const f = (sql: string) => db.query(sql);'],
  ])('accept %s', async (_what, code) => {
    expect(await brokenRules(DATABASE + code)).toEqual([]);
  });

  it('let DDL be built, which takes no parameters', async () => {
    const code = `${DATABASE}export const f = (role: string) => db.query(\`GRANT x TO \${role}\`);`;
    expect(await brokenRules(code, DDL_CODE)).toEqual([]);
  });

  it.each([
    ["export const sql = `SELECT set_config('app.user_role', $1, false)`;"],
    ["export const sql = 'SET app.current_tenant_id = 1';"],
  ])('refuse a setting that outlives its transaction: %s', async (code) => {
    expect(await brokenRules(code)).toEqual(['no-restricted-syntax']);
  });

  it('accept a setting that ends with its transaction', async () => {
    expect(
      await brokenRules("export const sql = `SELECT set_config('app.user_role', $1, true)`;"),
    ).toEqual([]);
  });

  it.each([
    ['export const port = process.env.PORT;', 'no-restricted-properties'],
    ["export { env } from 'node:process';", 'no-restricted-imports'],
  ])('refuse the environment outside the configuration: %s', async (code, rule) => {
    expect(await brokenRules(code)).toEqual([rule]);
  });

  it.each([
    ['/* eslint-disable */ export const x = 1;'],
    ['// eslint-disable-next-line eqeqeq\nexport const f = (a: number) => a == 1;'],
  ])('refuse a suppression that names no rule or gives no reason: %s', async (code) => {
    expect(await brokenRules(code)).toContain('poc/explained-suppressions');
  });

  it('accept a suppression that gives its reason', async () => {
    const code =
      '// eslint-disable-next-line eqeqeq -- the peer sends numbers and their text\n' +
      'export const f = (a: unknown) => a == 1;';
    expect(await brokenRules(code)).toEqual([]);
  });

  it('refuse a promise that is not awaited', async () => {
    expect(
      await brokenRules(`${DATABASE}export const f = () => { db.query('SELECT 1'); };`),
    ).toEqual(['@typescript-eslint/no-floating-promises']);
  });
});
