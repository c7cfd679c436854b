import { EXTRA_LICENSES, LICENSES, UNSTATED_LICENSES } from './licenses.js';

export interface Manifest {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  overrides?: Record<string, unknown>;
  allowScripts?: Record<string, boolean>;
}

/** An entry of `packages` in package-lock.json. */
export interface LockedPackage {
  version?: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
}

export interface DependencyFiles {
  manifest: Manifest;
  lock: Record<string, LockedPackage>;
  /** docs/dependencies.md */
  document: string;
}

const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** A row of a table in the document: name, version, license and reason. */
const ROW =
  /^\| `(?<name>[^`]+)` +\| (?<version>\S+) +\| (?<license>[^|]*\S) *\| (?<reason>[^|]*\S)? *\|$/gm;

/** What is wrong with the dependencies: versions, licenses, install scripts and the page that gives their reasons. */
export function findDependencyFaults({ manifest, lock, document }: DependencyFiles): string[] {
  const direct = Object.entries({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
  });
  return [
    ...direct.flatMap(([name, version]) => versionFaults(name, version)),
    ...nestedValues(manifest.overrides ?? {}).flatMap((version) =>
      version.startsWith('$') ? [] : versionFaults('an override', version),
    ),
    ...documentFaults(direct, lock, document),
    ...Object.entries(lock).flatMap(([path, locked]) => [
      ...licenseFaults(path, locked),
      ...scriptFaults(path, locked, manifest.allowScripts ?? {}),
    ]),
  ];
}

function versionFaults(name: string, version: string): string[] {
  if (EXACT_VERSION.test(version)) return [];
  return [`package.json: ${name} must have an exact version, not "${version}".`];
}

function documentFaults(
  direct: readonly [name: string, version: string][],
  lock: Record<string, LockedPackage>,
  document: string,
): string[] {
  const rows = new Map(
    [...document.matchAll(ROW)].map(({ groups = {} }) => [groups['name'], groups]),
  );
  const faults: string[] = [];
  for (const [name, version] of direct) {
    const row = rows.get(name);
    const license = lock[`node_modules/${name}`]?.license;
    if (row?.['reason'] === undefined)
      faults.push(`docs/dependencies.md: ${name} is missing, or has no reason.`);
    else if (row['version'] !== version || row['license'] !== license)
      faults.push(
        `docs/dependencies.md: ${name} is ${version} (${license}), not ${row['version']} (${row['license']}).`,
      );
    rows.delete(name);
  }
  const unknown = [...rows.keys()].map(
    (name) => `docs/dependencies.md: ${name} is not in package.json.`,
  );
  return [...faults, ...unknown];
}

function licenseFaults(path: string, { license: stated, dev = false }: LockedPackage): string[] {
  // The project itself.
  if (path === '') return [];
  const name = nameOf(path);
  const license = stated ?? UNSTATED_LICENSES[name];
  if (license !== undefined && LICENSES.has(license)) return [];
  if (license !== undefined && dev && EXTRA_LICENSES.has(license)) return [];
  return [
    `package-lock.json: ${name} has the license ${license ?? '(none stated)'}, which is not in scripts/checks/licenses.ts.`,
  ];
}

function scriptFaults(
  path: string,
  { hasInstallScript = false }: LockedPackage,
  allowed: Record<string, boolean>,
): string[] {
  const name = nameOf(path);
  if (!hasInstallScript || allowed[name] === false) return [];
  return [`package.json: set "${name}" to false in allowScripts. It has an install script.`];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function nestedValues(values: Record<string, unknown>): string[] {
  return Object.values(values).flatMap((value) =>
    typeof value === 'string' ? [value] : nestedValues(value as Record<string, unknown>),
  );
}
