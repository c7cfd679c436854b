import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyEdit, readExample } from './worked-example.js';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = [
  'apps',
  'libs',
  'tools',
  'scripts',
  'test',
  'ormconfig.ts',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

/** The type check and one spec file, on a machine that runs other tests. */
const TIMEOUT_MS = 300_000;

const blocks = readExample(readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8'));
const specs = blocks.map(({ file }) => file).filter((file) => file.endsWith('.spec.ts'));

let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'poc-tracker-contributing-'));
  for (const path of SOURCES) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const block of blocks) {
    const path = join(copy, block.file);
    mkdirSync(dirname(path), { recursive: true });
    const text =
      block.kind === 'ts'
        ? `${block.lines.join('\n')}\n`
        : applyEdit(readFileSync(path, 'utf8'), block);
    writeFileSync(path, text);
  }
});

afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

/** Runs a program of a package in the copy, without the settings of the test run around it. */
function run(program: string, ...args: string[]): { status: number | null; output: string } {
  const { PATH, HOME, TMPDIR, REDIS_URL } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(copy, 'node_modules', program), ...args],
    { cwd: copy, encoding: 'utf8', env: { PATH, HOME, TMPDIR, REDIS_URL } },
  );
  return { status, output: `${stdout}${stderr}` };
}

describe('the worked example of CONTRIBUTING.md', () => {
  it('covers a permission, an event, a setting, a table, a migration, a route and a spec', () => {
    const files = blocks.map(({ file }) => file).join('\n');
    for (const part of [
      'permissions',
      'security-events',
      'settings-catalogue',
      'migrations',
      'controller',
      'spec',
    ])
      expect(files).toContain(part);
  });

  it(
    'compiles, and its spec passes',
    () => {
      const types = run('typescript/bin/tsc', '--noEmit', '-p', '.');
      expect(types.output).toBe('');
      const tests = run('vitest/vitest.mjs', 'run', ...specs);
      expect(tests.status, tests.output).toBe(0);
    },
    TIMEOUT_MS,
  );
});
