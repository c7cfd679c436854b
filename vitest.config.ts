import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/**
 * The name and the place of a spec decide its tier:
 *
 *   unit      `<name>.spec.ts` beside its source: no server, no network, no other process.
 *   database  `<name>.database.spec.ts` beside its source, and test/migrations: a real PostgreSQL or Redis.
 *   system    `<name>.system.spec.ts` beside its source, and the rest of test/: whole applications, other processes,
 *             and whatever takes seconds.
 */
const BESIDE_SOURCES = '{apps,libs,tools,scripts}/**';
const DATABASE_SPECS = [`${BESIDE_SOURCES}/*.database.spec.ts`, 'test/migrations/**/*.spec.ts'];
const SYSTEM_SPECS = [`${BESIDE_SOURCES}/*.system.spec.ts`, 'test/**/*.spec.ts'];

function tier(
  name: string,
  groupOrder: number,
  { include, exclude = [], ...options }: NonNullable<TestProjectInlineConfiguration['test']>,
): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: {
      name,
      include: include ?? [],
      exclude: [...configDefaults.exclude, ...exclude],
      // The quick tiers first, so that their failures show early.
      sequence: { groupOrder },
      ...options,
    },
  };
}

const servers = {
  globalSetup: ['test/global-setup.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    projects: [
      tier('unit', 0, {
        include: [`${BESIDE_SOURCES}/*.spec.ts`],
        exclude: [...DATABASE_SPECS, ...SYSTEM_SPECS],
        setupFiles: ['test/unit-setup.ts'],
        // Loading the frameworks again for each file takes longer than the tests.
        isolate: false,
        testTimeout: 15_000,
      }),
      tier('database', 1, { include: DATABASE_SPECS, ...servers }),
      tier('system', 2, {
        include: SYSTEM_SPECS,
        exclude: DATABASE_SPECS,
        ...servers,
      }),
    ],
  },
});
