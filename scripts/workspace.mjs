// What `npm start` and `npm test` do before packages are installed. Therefore plain JavaScript, with Node's own modules only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What `npm start` builds, by its name in nest-cli.json: the folder of its source, and of its bundle below dist/. */
const PROGRAMS = {
  'auth-service': 'apps/auth-service',
  'poc-tracker': 'apps/poc-tracker',
  standalone: 'tools/standalone',
};
const bundles = Object.values(PROGRAMS).map((folder) => join(root, `dist/${folder}/main.js`));
/** The program that `npm start` runs. It starts the others. */
const standalone = join(root, `dist/${PROGRAMS.standalone}/main.js`);
const buildStamp = join(root, 'dist/build.stamp');

const PARENT_CHECK_MS = 500;

/** Folders and files that decide what the bundle contains. */
const BUILD_INPUTS = [
  'apps',
  'libs',
  'tools',
  'nest-cli.json',
  'rspack.config.js',
  'tsconfig.json',
  'package-lock.json',
];

/** Ends the process with one sentence if package.json does not support the Node.js that runs. */
export function requireNodeVersion() {
  const range = readJson('package.json').engines.node;
  if (satisfies(process.versions.node, range)) return;
  fail(
    `Node.js ${process.versions.node} is not supported. Install Node.js 24 from https://nodejs.org (supported: ${range}).`,
  );
}

/** The service itself prints the same line when it starts. */
export function warnOfOldNode() {
  if (Number.parseInt(process.versions.node) < 22)
    process.stderr.write('Node 20 reached its end of life in April 2026; use 24.\n');
}

/** Installs the packages of the lock file, unless exactly those are installed. */
export function ensurePackages({ development }) {
  if (packagesMatchLock({ development })) return;
  say('Installing packages (npm ci). The first time, this takes a minute …');
  // With NODE_ENV=production, npm would omit the packages that the build needs.
  npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** Builds the programs unless the bundles match the current sources. Returns the bundle to run. */
export function ensureBuild() {
  const sources = hashSources();
  if (readStamp() === `${sources} ${hashBundles()}`) return standalone;
  ensurePackages({ development: true });
  say('Building the services …');
  run(process.execPath, [
    join(root, 'node_modules/@nestjs/cli/bin/nest.js'),
    'build',
    ...Object.keys(PROGRAMS),
  ]);
  writeFileSync(buildStamp, `${sources} ${hashBundles()}`);
  return standalone;
}

/**
 * Sends SIGTERM to this process when the npm that started it has ended. A killed npm sends no signal, so the service would
 * keep running, and the next start would find its port in use.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
}

/**
 * npm writes the installed packages to node_modules/.package-lock.json. Compares contents, not times, which a checkout or
 * a copy changes. Packages for other platforms are in the lock file, but not installed.
 */
function packagesMatchLock({ development }) {
  const installedFile = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, installedFile))) return false;
  const installed = readJson(installedFile).packages;
  return Object.entries(readJson('package-lock.json').packages).every(([path, locked]) => {
    if (path === '' || locked.link) return true;
    const found = installed[path];
    if (found) return found.version === locked.version && found.integrity === locked.integrity;
    return Boolean(locked.optional || ((locked.dev || locked.devOptional) && !development));
  });
}

function hashSources() {
  const hash = createHash('sha256');
  for (const file of BUILD_INPUTS.flatMap(listFiles))
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

function listFiles(path) {
  if (/\.(json|js)$/.test(path)) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

/** `npm run dev` and `npm run build` write the same files, so the stamp includes a hash of the bundles. */
function hashBundles() {
  const hash = createHash('sha256');
  for (const bundle of bundles) {
    if (!existsSync(bundle)) return 'none';
    hash.update(readFileSync(bundle)).update('\0');
  }
  return hash.digest('hex');
}

function readStamp() {
  return existsSync(buildStamp) ? readFileSync(buildStamp, 'utf8') : undefined;
}

function npm(args) {
  const [command, ...rest] = npmCommand(args);
  run(command, rest);
}

/** The npm that runs this script, if one does: it need not be the first on PATH. */
export function npmCommand(args) {
  const cli = process.env.npm_execpath ?? '';
  return basename(cli) === 'npm-cli.js' ? [process.execPath, cli, ...args] : ['npm', ...args];
}

/** Runs a program in the project's folder on this terminal. Ends this process if it fails. */
function run(command, args) {
  const { status, error, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  if (status !== 0)
    fail(
      error
        ? `${command} could not be run: ${error.message}`
        : `"${basename(command)} ${args.join(' ')}" failed.`,
    );
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

/** Supports the ranges of package.json: "^1.2.3" and ">=1.2.3", joined by "||". */
function satisfies(version, range) {
  return range.split('||').some((part) => {
    const [, operator, lowest] = /^(\^|>=)(\d+\.\d+\.\d+)$/.exec(part.trim());
    const sameMajor = Number.parseInt(version) === Number.parseInt(lowest);
    return compareVersions(version, lowest) >= 0 && (operator === '>=' || sameMajor);
  });
}

function compareVersions(left, right) {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number));
  return a.map((part, index) => part - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

function say(sentence) {
  process.stdout.write(`${sentence}\n`);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
