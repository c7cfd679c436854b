import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import type { ServerIdentity } from './process/server-identity.js';

const require = createRequire(import.meta.url);

interface LibraryLink {
  source: string;
  target: string;
}

/**
 * The folder with `bin`, `lib` and `share` of a PostgreSQL that the account can run: the npm package, or a copy of it if the
 * account cannot enter its folder or the package is read-only.
 * @throws EmbeddedPostgresError on a platform without a package.
 */
export function findNativeInstallation(identity: ServerIdentity): string {
  const packageRoot = findPackage();
  const native = join(packageRoot, 'native');
  try {
    linkLibraries(packageRoot);
  } catch {
    // node_modules is read-only; the copy gets the links.
  }
  if (runs(native, identity)) return native;
  const copy = copyToCache(packageRoot, identity);
  if (runs(join(copy, 'native'), identity)) return join(copy, 'native');
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this system (${process.platform} ${process.arch}): ${explain(join(copy, 'native'), identity)}`,
  );
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(require.resolve(name)), '..');
  } catch {
    throw new EmbeddedPostgresError(
      `The package ${name} is not installed, so there is no embedded PostgreSQL; ` +
        'run "npm ci", or set DATABASE_URL to a PostgreSQL server of your own.',
    );
  }
}

/** npm packages cannot contain symbolic links. The install script of the package that creates them is not run. */
function linkLibraries(packageRoot: string): void {
  const links = JSON.parse(
    readFileSync(join(packageRoot, 'native/pg-symlinks.json'), 'utf8'),
  ) as LibraryLink[];
  for (const { source, target } of links) {
    const link = join(packageRoot, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(packageRoot, source)), link);
    } catch (error) {
      // A parallel start has created it.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function copyToCache(packageRoot: string, identity: ServerIdentity): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  // Not in a folder that other users can write to, because these programs are executed.
  const cacheRoot =
    identity.uid === undefined
      ? (process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'))
      : '/var/cache';
  const copy = join(cacheRoot, 'poc-tracker', `postgres-${version}`);
  if (existsSync(copy)) return copy;
  const staging = `${copy}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  cpSync(packageRoot, staging, { recursive: true, verbatimSymlinks: true });
  linkLibraries(staging);
  // With a strict umask the account that runs it could not read root's copy.
  spawnSync('chmod', ['-R', 'a+rX', dirname(staging)]);
  try {
    renameSync(staging, copy);
  } catch {
    // A parallel start was faster.
    rmSync(staging, { recursive: true, force: true });
  }
  return copy;
}

function runs(native: string, identity: ServerIdentity): boolean {
  return (
    spawnSync(join(native, 'bin/postgres'), ['--version'], { ...identity, cwd: '/' }).status === 0
  );
}

function explain(native: string, identity: ServerIdentity): string {
  const { error, stderr } = spawnSync(join(native, 'bin/postgres'), ['--version'], {
    ...identity,
    cwd: '/',
    encoding: 'utf8',
  });
  return error?.message ?? stderr.trim();
}
