/**
 * Checks the rules that no other tool knows: dependencies, production bundles, the size of folders and
 * specs, the files of a log-in, spelling, and the OpenAPI documents.
 * Ends with 1 on any fault.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findForeignContent, findMissingPackages } from './bundle.rules.js';
import { findCallPathFaults, type ReadableRoute } from './call-path.rules.js';
import { findDependencyFaults, type LockedPackage, type Manifest } from './dependency.rules.js';
import { findLayoutFaults } from './layout.rules.js';
import { findOpenApiProblems } from './openapi.lint.js';
import { findSpellingFaults, type TextFile } from './spelling.rules.js';

const ROOT = join(import.meta.dirname, '../..');
const SERVICES = ['apps/auth-service', 'apps/poc-tracker'];
/** Commands for production. They may work on what `npm start` runs. */
const COMMANDS = ['tools/cli', 'tools/migrate'];
const OPENAPI_DOCUMENTS = ['docs/openapi.json', 'docs/openapi.poc-tracker.json'];
const SOURCE_FOLDERS = ['apps', 'libs', 'tools', 'test', 'scripts'];
/** The route that a newcomer reads first. */
const LOG_IN: ReadableRoute = {
  file: 'apps/auth-service/src/auth/login/login.controller.ts',
  className: 'LoginController',
  name: 'logIn',
  maxFiles: 12,
  boundaries: [
    // How settings are stored and resolved is a feature of its own. A log-in reads a few of them.
    'apps/auth-service/src/tenant/tenant.service.ts',
    // Whether a second factor is due, and how one is waited for, is a feature of its own.
    'apps/auth-service/src/auth/login/second-factor/second-factor.service.ts',
    // How a log-in is scored is a feature of its own. A log-in asks for its score.
    'apps/auth-service/src/session/login-history/login-risk.ts',
    // So are mails. A log-in has its user told.
    'apps/auth-service/src/auth/login/login-notices.ts',
    'apps/auth-service/src/user/user-mails.ts',
  ],
};
/** The check of spelling has the wrong forms in it, and the texts of the pages are in Portuguese as well. */
const WRONG_ON_PURPOSE = /^scripts\/checks\/spelling\.|\/page-texts\.ts$/;

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const installed = new Set(Object.keys(manifest.dependencies ?? {}));

const sources = SOURCE_FOLDERS.flatMap((folder) => readFiles(folder, /\.(ts|mjs)$/));

const faults = [
  ...findDependencyFaults({
    manifest,
    lock: Object.fromEntries(
      Object.entries(lock.packages).map(([path, locked]) => [
        path,
        withInstalledLicense(path, locked),
      ]),
    ),
    document: read('docs/dependencies.md'),
  }),
  ...SERVICES.flatMap((folder) => findForeignContent(readBundle(folder))),
  ...[...SERVICES, ...COMMANDS].flatMap((folder) =>
    findMissingPackages(readBundle(folder), installed),
  ),
  ...findLayoutFaults(sources.map(({ path, text }) => ({ path, lines: countLines(text) }))),
  ...findCallPathFaults(LOG_IN, read),
  ...findSpellingFaults(
    [...sources, ...readFiles('docs', /\.(md|json)$/), ...readFiles('.', /^[A-Z]+\.md$/)].filter(
      ({ path }) => !WRONG_ON_PURPOSE.test(path),
    ),
  ),
  ...(await Promise.all(OPENAPI_DOCUMENTS.map(findOpenApiProblems))).flat(),
];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Packages for other platforms are not installed. What the lock file says of them must do. */
function withInstalledLicense(path: string, locked: LockedPackage): LockedPackage {
  const file = `${path}/package.json`;
  if (path === '' || !existsSync(join(ROOT, file))) return locked;
  const { license } = JSON.parse(read(file)) as { license?: unknown };
  return typeof license === 'string' ? { ...locked, license } : locked;
}

function readBundle(folder: string) {
  const file = `dist/${folder}/main.js`;
  const { sources } = JSON.parse(read(`${file}.map`)) as { sources: string[] };
  return { name: file, code: read(file), sources };
}

function readFiles(folder: string, name: RegExp): TextFile[] {
  return readdirSync(join(ROOT, folder), { recursive: folder !== '.', withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .map((path) => ({ path, text: read(path) }));
}

function countLines(text: string): number {
  return text.trimEnd().split('\n').length;
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
