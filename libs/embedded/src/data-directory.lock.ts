import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DataDirectoryInUseError } from './embedded-postgres.error.js';
import { processStartedAt } from './process/process-table.js';

interface Owner {
  pid: number;
  /** Tells the owner from a later process with the same pid; null where the system does not say. */
  startedAt: string | null;
}

/**
 * Marks a data directory as served by this process. A mark that a killed process left behind is taken over, also when
 * its pid has been given to another process since.
 * @throws DataDirectoryInUseError while its owner is alive, this process included.
 */
export class DataDirectoryLock {
  private constructor(private readonly file: string) {}

  static acquire(dataDirectory: string): DataDirectoryLock {
    const file = `${dataDirectory}.lock`;
    const draft = `${file}.${process.pid}`;
    const owner: Owner = { pid: process.pid, startedAt: processStartedAt(process.pid) };
    writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 });
    try {
      // A link appears whole or not at all, so nobody reads half a mark.
      while (!tryLink(draft, file)) {
        const holder = readOwner(file);
        if (holder !== undefined && isAlive(holder))
          throw new DataDirectoryInUseError(dataDirectory, holder.pid);
        rmSync(file, { force: true });
      }
    } finally {
      rmSync(draft, { force: true });
    }
    return new DataDirectoryLock(file);
  }

  release(): void {
    rmSync(this.file, { force: true });
  }
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Gone in the meantime, or torn by a full disk or a power cut: nobody holds it.
    if (code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive({ pid, startedAt }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return processStartedAt(pid) === startedAt;
}
