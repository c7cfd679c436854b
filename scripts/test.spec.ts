import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let project: string;

/** A project with the real scripts and the real test runner, everything installed. */
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
  it('ends well, with the numbers of passed and failed tests', () => {
    expect(runTests(passing, passing + passing)).toEqual({
      lastLine: '3 passed, 0 failed',
      status: 0,
    });
  });

  it('ends badly when a test failed', () => {
    expect(runTests(passing + failing)).toEqual({ lastLine: '1 passed, 1 failed', status: 1 });
  });

  it('counts a file that cannot be loaded or prepared as a failed test', () => {
    const unprepared = `beforeAll(() => { throw new Error('no database'); }); ${passing}`;
    expect(runTests(passing, "import './missing.js';", unprepared)).toEqual({
      lastLine: '1 passed, 2 failed',
      status: 1,
    });
  });

  it('counts an error outside of any test', () => {
    const unhandled =
      "it('passes', () => void Promise.reject(new Error('nobody waits for this')));";
    expect(runTests(unhandled)).toEqual({ lastLine: '1 passed, 1 failed', status: 1 });
  });

  it('ends badly when there is nothing to test', () => {
    expect(runTests().status).toBe(1);
  });
});
