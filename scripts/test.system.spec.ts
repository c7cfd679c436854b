import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let project: string;

/** A project with the real scripts, the real test runner and the three tiers, everything installed. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'poc-tracker-test-'));
  for (const script of ['test.mjs', 'workspace.mjs']) {
    cpSync(join('scripts', script), join(project, 'scripts', script));
  }
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(resolve('node_modules/vitest'), join(project, 'node_modules/vitest'));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ type: 'module', engines: { node: '>=20.19.0' } }),
  );
  for (const lock of ['package-lock.json', 'node_modules/.package-lock.json']) {
    writeFileSync(join(project, lock), JSON.stringify({ packages: {} }));
  }
  // Each spec file in a tier of its own, so that the numbers are those of all tiers.
  writeFileSync(
    join(project, 'vitest.config.js'),
    `const tier = (name, index) => ({ test: { name, include: [\`some-\${index}.spec.js\`] } });
     export default { test: { projects: ['unit', 'database', 'system', 'faults'].map(tier) } };`,
  );
});

afterEach(() => {
  rmSync(project, { recursive: true });
});

/** Runs `npm test` on files with these contents. */
function runTests(...contents: string[]): { lastLine: string | undefined; status: number | null } {
  contents.forEach((content, index) => {
    const imports = "import { beforeAll, expect, it } from 'vitest';\n";
    writeFileSync(join(project, `some-${index}.spec.js`), imports + content);
  });
  const run = spawnSync(process.execPath, ['scripts/test.mjs'], {
    cwd: project,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { lastLine: run.stdout.trimEnd().split('\n').at(-1), status: run.status };
}

const passing = "it('passes', () => undefined);";
const failing = "it('fails', () => expect(1).toBe(2));";

describe('npm test', () => {
  it('succeeds and ends with the numbers of passed, failed and skipped tests', () => {
    expect(runTests(passing, passing + passing)).toEqual({
      lastLine: '3 passed, 0 failed, 0 skipped',
      status: 0,
    });
  });

  it('fails when a test failed', () => {
    expect(runTests(passing + failing)).toEqual({
      lastLine: '1 passed, 1 failed, 0 skipped',
      status: 1,
    });
  });

  it('counts a file that cannot be loaded or set up as a failed test, and its tests as skipped', () => {
    const withoutSetup = `beforeAll(() => { throw new Error('no database'); }); ${passing}`;
    expect(runTests(passing, "import './missing.js';", withoutSetup)).toEqual({
      lastLine: '1 passed, 2 failed, 1 skipped',
      status: 1,
    });
  });

  it('counts an error outside any test as a failed test', () => {
    const unhandled = "it('passes', () => void Promise.reject(new Error('unhandled')));";
    expect(runTests(unhandled)).toEqual({
      lastLine: '1 passed, 1 failed, 0 skipped',
      status: 1,
    });
  });

  it('counts skipped tests apart and still succeeds', () => {
    expect(runTests(`${passing} it.skip('waits for a platform', () => undefined);`)).toEqual({
      lastLine: '1 passed, 0 failed, 1 skipped',
      status: 0,
    });
  });

  it('fails when there is nothing to test', () => {
    expect(runTests().status).toBe(1);
  });
});
