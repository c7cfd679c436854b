import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

interface UnpackedPackages {
  root: string;
  /** Value for LD_LIBRARY_PATH. */
  libraryPath: string;
}

/**
 * Downloads Debian packages with apt-get and unpacks them into the user's cache. It installs nothing, starts no service and
 * needs no root rights. A second call uses the cache.
 * @throws Error on a system without apt-get or without a package mirror.
 */
export function unpackDebianPackages(name: string, packages: readonly string[]): UnpackedPackages {
  const folder = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'poc-tracker',
    name,
  );
  if (!existsSync(folder)) {
    const staging = `${folder}.${process.pid}`;
    try {
      download(staging, packages);
      renameSync(join(staging, 'root'), folder);
    } catch (error) {
      // Another run at the same time may have put the packages there first.
      if (!existsSync(folder)) throw error;
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }
  return { root: folder, libraryPath: [...libraryFolders(join(folder, 'usr/lib'))].join(':') };
}

function download(staging: string, packages: readonly string[]): void {
  const archives = join(staging, 'archives');
  for (const folder of ['lists/partial', 'cache/archives/partial', 'archives', 'root']) {
    mkdirSync(join(staging, folder), { recursive: true });
  }
  const options = [
    `Dir::State::lists=${join(staging, 'lists')}`,
    `Dir::Cache=${join(staging, 'cache')}`,
    // Otherwise apt writes as its own account, which has no access to a private folder.
    'APT::Sandbox::User=',
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option]);
  run('apt-get', [...options, '-q', 'update']);
  // A simulation needs no rights and lists the dependencies that this system lacks.
  const plan = run('apt-get', [
    ...options,
    'install',
    '--simulate',
    '--no-install-recommends',
    ...packages,
  ]);
  const missing = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, dependency]) => dependency ?? '');
  run('apt-get', [...options, 'download', ...new Set([...packages, ...missing])], archives);
  for (const archive of readdirSync(archives)) {
    run('dpkg-deb', ['--extract', join(archives, archive), join(staging, 'root')]);
  }
}

function run(command: string, args: readonly string[], cwd = '/'): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: MAX_OUTPUT_BYTES,
  });
}

function libraryFolders(folder: string): Set<string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const libraries = entries.filter((entry) => /\.so(\.|$)/.test(entry.name));
  return new Set(
    libraries.map((entry) => entry.parentPath ?? dirname(join(entry.path, entry.name))),
  );
}
