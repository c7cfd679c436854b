import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DataDirectoryInUseError } from './embedded-postgres.error.js';
import { processStartedAt } from './process/process-table.js';

interface Owner {
  pid: number;
  /** Distinguishes the owner from a later process with the same pid; null if the system does not report it. */
  startedAt: string | null;
}

/**
 * Locks a data directory for this process. The lock of a killed process is taken over, even if another process has its pid
 * now.
 * @throws DataDirectoryInUseError while the owner of the lock is alive, including this process.
 */
export class DataDirectoryLock {
  private constructor(private readonly file: string) {}

  static acquire(dataDirectory: string): DataDirectoryLock {
    const file = `${dataDirectory}.lock`;
    const draft = `${file}.${process.pid}`;
    const owner: Owner = { pid: process.pid, startedAt: processStartedAt(process.pid) };
    writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 });
    try {
      // Creating a link is atomic, so no process reads an incomplete lock.
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
    // Removed meanwhile, or incomplete after a full disk or a power failure: there is no owner.
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
