import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { explainedSuppressions } from './scripts/lint-rules/explained-suppressions.js';
import { sqlFromConstants } from './scripts/lint-rules/sql-from-constants.js';
import { sqlInRepositories } from './scripts/lint-rules/sql-in-repositories.js';

/** Code that is not part of the running service: it may read the environment and build SQL text. */
const TESTS = ['**/*.{spec,fixture}.ts', 'test/**', 'libs/testing/**', 'vitest.config.ts'];
const TOOLS = ['scripts/**', 'tools/**', 'ormconfig.ts', 'libs/embedded/**', '*.config.js'];

/** DDL takes no parameters, so roles, policies and grants are written as text. */
const DDL = [
  'apps/*/src/migrations/**',
  'libs/tenancy/src/schema/{audit-triggers,row-level-security,schema-part}.ts',
];

/** A setting that outlives its transaction is read by the next request on that connection. */
const SESSION_SETTING = /\bset_config\s*\([^;]*,\s*false\s*\)|\bset\s+(session\s+)?"?app"?\s*\./i;
const SESSION_SETTING_MESSAGE =
  'This setting outlives its transaction and leaks to the next request of the connection. ' +
  'Use set_config(name, value, true) inside the transaction that TenantDatabase opens.';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.data/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: {
      poc: {
        rules: {
          'explained-suppressions': explainedSuppressions,
          'sql-from-constants': sqlFromConstants,
          'sql-in-repositories': sqlInRepositories,
        },
      },
    },
    rules: {
      'poc/explained-suppressions': 'error',
      // Prettier breaks code at 100 characters, but no text, comment or template.
      'max-len': ['error', { code: 140, ignoreUrls: true, ignoreRegExpLiterals: true }],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    extends: [js.configs.recommended],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Nest allows an async handler that awaits nothing, and interfaces ask for one.
      '@typescript-eslint/require-await': 'off',
      // Knows decorators: a class that Nest injects stays a value import.
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-ignore': true, 'ts-nocheck': true, 'ts-expect-error': 'allow-with-description' },
      ],
      // What was caught may be thrown again, whatever it is.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: [...TESTS, ...TOOLS],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: `Literal[value=${SESSION_SETTING}]`, message: SESSION_SETTING_MESSAGE },
        {
          selector: `TemplateElement[value.raw=${SESSION_SETTING}]`,
          message: SESSION_SETTING_MESSAGE,
        },
      ],
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: [...TESTS, ...TOOLS, ...DDL],
    rules: { 'poc/sql-from-constants': 'error' },
  },
  {
    files: ['apps/**/*.ts'],
    ignores: [...TESTS, 'apps/**/*.repository.ts', 'apps/*/src/migrations/**'],
    rules: { 'poc/sql-in-repositories': 'error' },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: [...TESTS, ...TOOLS, 'apps/*/src/config/**', 'apps/*/src/main.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Add a field to AppConfig (apps/auth-service/src/config) and inject APP_CONFIG.',
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['process', 'node:process'].map((name) => ({
            name,
            importNames: ['env'],
            message: 'Inject APP_CONFIG; only the config folder reads the environment.',
          })),
        },
      ],
    },
  },
  {
    files: TESTS,
    rules: {
      // Answers of the service under test arrive as `any` from JSON.parse; the assertions check them.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/only-throw-error': 'off',
    },
  },
  {
    files: [...TESTS, ...TOOLS],
    rules: { 'no-console': 'off' },
  },
);
