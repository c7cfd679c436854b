import { dirname } from 'node:path';

export interface SourceFile {
  /** Relative to the repository. */
  path: string;
  lines: number;
}

/** A folder with more files rarely has one subject. */
const MAX_SOURCES = 12;

/** A longer spec tests more than one behavior. */
const MAX_SPEC_LINES = 400;

const SPEC = /\.spec\.ts$/;

/** A released migration never moves, so the folder grows with every release. */
const HISTORY = /\/migrations$/;

/** Which folders have too many sources, not counting specs, and which specs are too long. */
export function findLayoutFaults(files: readonly SourceFile[]): string[] {
  return [...folderFaults(files), ...specFaults(files)];
}

function folderFaults(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    const folder = dirname(path);
    if (!SPEC.test(path) && !HISTORY.test(folder))
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > MAX_SOURCES)
    .map(
      ([folder, count]) =>
        `${folder} has ${count} source files. At most ${MAX_SOURCES} are allowed: move those of one subject to a folder of their own.`,
    );
}

function specFaults(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path, lines }) => SPEC.test(path) && lines > MAX_SPEC_LINES)
    .map(
      ({ path, lines }) =>
        `${path} has ${lines} lines. At most ${MAX_SPEC_LINES} are allowed: split it by behavior.`,
    );
}
