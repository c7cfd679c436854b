import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let project: string;

/** A project with the real scripts, everything installed, and a runner of tests that reports what it is told to. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'poc-tracker-test-'));
  for (const script of ['test.mjs', 'workspace.mjs'])
    cpSync(join('scripts', script), join(project, 'scripts', script));
  mkdirSync(join(project, 'node_modules/vitest'), { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ engines: { node: '>=20.19.0' } }));
  for (const lock of ['package-lock.json', 'node_modules/.package-lock.json']) {
    writeFileSync(join(project, lock), JSON.stringify({ packages: {} }));
  }
  writeFileSync(
    join(project, 'node_modules/vitest/vitest.mjs'),
    `import { writeFileSync } from 'node:fs';
     const file = process.argv.find((argument) => argument.startsWith('--outputFile.json=')).split('=')[1];
     if (process.env.RESULTS) writeFileSync(file, process.env.RESULTS);
     console.log('a report');
     process.exit(Number(process.env.STATUS));`,
  );
});

afterEach(() => {
  rmSync(project, { recursive: true });
});

function runTests(
  results: object | undefined,
  status: number,
): { lastLine: string | undefined; status: number | null } {
  const run = spawnSync(process.execPath, ['scripts/test.mjs'], {
    cwd: project,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      STATUS: String(status),
      ...(results === undefined ? {} : { RESULTS: JSON.stringify(results) }),
    },
  });
  return { lastLine: run.stdout.trimEnd().split('\n').at(-1), status: run.status };
}

const passedFile = { status: 'passed', assertionResults: [{ status: 'passed' }] };

describe('npm test', () => {
  it('ends with the numbers of passed and failed tests', () => {
    const results = { numPassedTests: 12, numFailedTests: 0, testResults: [passedFile] };
    expect(runTests(results, 0)).toEqual({ lastLine: '12 passed, 0 failed', status: 0 });
  });

  it('fails when a test failed', () => {
    const file = {
      status: 'failed',
      assertionResults: [{ status: 'failed' }, { status: 'passed' }],
    };
    const results = { numPassedTests: 1, numFailedTests: 1, testResults: [file] };
    expect(runTests(results, 1)).toEqual({ lastLine: '1 passed, 1 failed', status: 1 });
  });

  it('counts a file that could not be loaded as a failed test', () => {
    const results = {
      numPassedTests: 1,
      numFailedTests: 0,
      testResults: [passedFile, { status: 'failed', assertionResults: [] }],
    };
    expect(runTests(results, 1)).toEqual({ lastLine: '1 passed, 1 failed', status: 1 });
  });

  it('fails when the run ended without results, without any test, or with an error outside of the tests', () => {
    expect(runTests(undefined, 1)).toEqual({ lastLine: '0 passed, 1 failed', status: 1 });
    expect(runTests({ numPassedTests: 0, numFailedTests: 0, testResults: [] }, 0).status).toBe(1);
    expect(
      runTests({ numPassedTests: 3, numFailedTests: 0, testResults: [passedFile] }, 1).status,
    ).toBe(1);
  });
});
