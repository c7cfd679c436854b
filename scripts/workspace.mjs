// What the commands do before packages are installed. Therefore plain JavaScript, with Node's own modules only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is built, by its name in nest-cli.json: the folder of its source, and of its bundle below dist/. */
const PROGRAMS = {
  'auth-service': 'apps/auth-service',
  'poc-tracker': 'apps/poc-tracker',
  standalone: 'tools/standalone',
  cli: 'tools/cli',
  migrate: 'tools/migrate',
};

/** The compiler. `npm prune --omit=dev` removes it. */
const NEST = join(root, 'node_modules/@nestjs/cli/bin/nest.js');

const STDOUT = 1;
const STDERR = 2;

const PARENT_CHECK_MS = 500;

/** Folders and files that decide what the bundle contains. */
const BUILD_INPUTS = [
  'apps',
  'libs',
  'tools',
  'nest-cli.json',
  'rspack.config.js',
  'tsconfig.json',
  'ormconfig.ts',
  'package-lock.json',
];

/** Works, with a warning. Packages in the lock file no longer support it, so package.json does not either. */
const OLD_NODE = '^20.19.0';

/** Ends the process with one sentence if package.json does not support the Node.js that runs. */
export function requireNodeVersion() {
  const range = readJson('package.json').engines.node;
  if ([range, OLD_NODE].some((accepted) => satisfies(process.versions.node, accepted))) return;
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
export function ensurePackages({ development, output = STDOUT }) {
  if (packagesMatchLock({ development })) return;
  say('Installing packages (npm ci). The first time, this takes a minute …', output);
  // With NODE_ENV=production, npm would omit the packages that the build needs.
  const [command, ...rest] = npmCommand([
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  run(command, rest, output);
}

/**
 * Builds those of the named programs whose bundles do not match the current sources.
 * @param output the file descriptor that progress is written to
 */
export function ensureBuild(names, output = STDOUT) {
  const sources = hashSources();
  const stale = names.filter((name) => readStamp(name) !== `${sources} ${hashBundle(name)}`);
  if (stale.length === 0) return;
  ensurePackages({ development: true, output });
  say(`Building ${stale.join(', ')} …`, output);
  run(process.execPath, [NEST, 'build', ...stale], output);
  for (const name of stale) writeFileSync(stampOf(name), `${sources} ${hashBundle(name)}`);
}

/**
 * The up-to-date bundle of a command. Where the compiler is not installed, that is the one that `npm run build` made. The
 * output of the command may be read by a program, so progress goes to stderr.
 */
export function ensureCommand(name) {
  const bundle = bundleOf(name);
  if (!existsSync(bundle) || existsSync(NEST)) ensureBuild([name], STDERR);
  return bundle;
}

/** The bundle of a program. */
export function bundleOf(name) {
  return join(root, `dist/${PROGRAMS[name]}/main.js`);
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
  if (/\.(json|js|ts)$/.test(path)) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

/** `npm run dev` writes the same files, so the stamp includes a hash of the bundle. */
function hashBundle(name) {
  const bundle = bundleOf(name);
  if (!existsSync(bundle)) return 'none';
  return createHash('sha256').update(readFileSync(bundle)).digest('hex');
}

function readStamp(name) {
  return existsSync(stampOf(name)) ? readFileSync(stampOf(name), 'utf8') : undefined;
}

function stampOf(name) {
  return join(dirname(bundleOf(name)), 'build.stamp');
}

/** The npm that runs this script, if one does: it need not be the first on PATH. */
export function npmCommand(args) {
  const cli = process.env.npm_execpath ?? '';
  return basename(cli) === 'npm-cli.js' ? [process.execPath, cli, ...args] : ['npm', ...args];
}

/** Runs a program in the project's folder on this terminal. Ends this process if it fails. */
function run(command, args, output) {
  const { status, error, signal } = spawnSync(command, args, {
    cwd: root,
    stdio: ['inherit', output, 'inherit'],
  });
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

function say(sentence, output) {
  writeSync(output, `${sentence}\n`);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
