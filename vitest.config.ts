import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/**
 * The name and the place of a spec decide its tier:
 *
 *   unit      `<name>.spec.ts` beside its source, and in test/ itself: no server, no network, no other process.
 *   database  `<name>.database.spec.ts` beside its source, and test/migrations: a real PostgreSQL or Redis.
 *   system    `<name>.system.spec.ts` beside its source, and the folders of test/: whole applications, other processes,
 *             and whatever takes seconds.
 *   faults    test/faults: what fails, and how soon the service notices. These specs run alone, one after the other,
 *             because other tests beside them would delay what they time.
 */
const BESIDE_SOURCES = '{apps,libs,tools,scripts}/**';
const UNIT_SPECS = [`${BESIDE_SOURCES}/*.spec.ts`, 'test/*.spec.ts'];
const DATABASE_SPECS = [`${BESIDE_SOURCES}/*.database.spec.ts`, 'test/migrations/**/*.spec.ts'];
const SYSTEM_SPECS = [`${BESIDE_SOURCES}/*.system.spec.ts`, 'test/*/**/*.spec.ts'];
const FAULT_SPECS = ['test/faults/**/*.spec.ts'];

/**
 * Much of the time, a test waits for its servers, so one more worker than processors. At most four, because all of them
 * share the connections of one PostgreSQL.
 */
const WORKERS = Math.min(availableParallelism() + 1, 4);

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
      // Loading the frameworks again for each file takes longer than the tests. Vitest restores spies after each file.
      isolate: false,
      ...options,
    },
  };
}

const servers = {
  globalSetup: ['test/global-setup.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  maxWorkers: WORKERS,
};

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    projects: [
      tier('unit', 0, {
        include: UNIT_SPECS,
        exclude: [...DATABASE_SPECS, ...SYSTEM_SPECS],
        setupFiles: ['test/unit-setup.ts'],
        testTimeout: 15_000,
      }),
      tier('database', 1, { include: DATABASE_SPECS, ...servers }),
      tier('system', 2, {
        include: SYSTEM_SPECS,
        exclude: [...DATABASE_SPECS, ...FAULT_SPECS],
        ...servers,
      }),
      tier('faults', 3, { include: FAULT_SPECS, ...servers, maxWorkers: 1 }),
    ],
  },
});
