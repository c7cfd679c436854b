import { constants, type ReadStream } from 'node:fs';
import {
  access,
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  utimes,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { isUuid } from '@poc-tracker/contracts';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { Draft } from './draft.js';

/** A file's place: made of ids that the database gave out, so that no name of a client's ever is part of a path. */
export interface StorageKey {
  tenantId: string;
  id: string;
}

/** Files on their way lie apart, under a name that no tenant's folder can have. */
const INCOMING = 'incoming';

/** Owner only: names of the folders are ids of tenants. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Of a content whose row is missing, since the time that the file itself carries. */
const ORPHAN_MODE = 0o400;

/** A file of the folder, for the sweep. */
export interface StoredFile extends StorageKey {
  modifiedAt: Date;
  /** Still on its way, or left there. */
  incoming: boolean;
  /** Marked by `markOrphan`. */
  orphan: boolean;
}

/** The contents of the files, each at `<tenant>/<id>` below STORAGE_DIR. */
@Injectable()
export class FileStorage implements OnModuleInit {
  private readonly logger = new Logger(FileStorage.name);
  private readonly root: string;
  private readonly incoming: string;

  constructor(@Inject(TRACKER_CONFIG) config: Pick<TrackerConfig, 'files'>) {
    this.root = resolve(config.files.directory);
    this.incoming = join(this.root, INCOMING);
  }

  /** @throws Error that names the folder when it cannot be written: better now than at the first upload. */
  async onModuleInit(): Promise<void> {
    await mkdir(this.incoming, { recursive: true, mode: FOLDER_MODE });
    await this.assertWritable();
  }

  async assertWritable(): Promise<void> {
    await access(this.incoming, constants.R_OK | constants.W_OK | constants.X_OK);
  }

  /** Begins a file that is seen by nobody until `keep()`. */
  async begin(key: StorageKey): Promise<Draft> {
    const handle = await open(this.incomingPath(key), 'wx', FILE_MODE);
    return new Draft(handle, () => this.keep(key));
  }

  /** The content from `start` to `end`, both included. @throws Error when the file is missing or of another size. */
  async read(
    key: StorageKey,
    size: number,
    range: { start: number; end: number } | undefined,
  ): Promise<ReadStream> {
    const handle = await open(this.path(key), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await assertSize(handle, size);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return handle.createReadStream(range ?? {});
  }

  /**
   * Removes a file from its place; what cannot be removed now is left to the sweep. One that is still on its way is left
   * to whoever takes it in, who finds no row.
   */
  async remove(key: StorageKey): Promise<void> {
    await this.unlink(this.path(key));
  }

  /** Removes what is there of a file, wherever it had got to. */
  async discard(key: StorageKey): Promise<void> {
    await this.unlink(this.incomingPath(key));
    await this.remove(key);
  }

  /** Notes on the file itself that it has no row, and since when: whichever process comes next finds it. */
  async markOrphan(key: StorageKey, at: Date): Promise<void> {
    const path = this.path(key);
    await utimes(path, at, at);
    await chmod(path, ORPHAN_MODE);
  }

  async unmarkOrphan(key: StorageKey): Promise<void> {
    await chmod(this.path(key), FILE_MODE);
  }

  /** Removes all that there is of a tenant. */
  async removeTenant(tenantId: string): Promise<void> {
    const prefix = `${checked(tenantId)}.`;
    for (const name of await readdir(this.incoming)) {
      if (name.startsWith(prefix)) await rm(join(this.incoming, name), { force: true });
    }
    await rm(join(this.root, tenantId), { recursive: true, force: true });
  }

  /** The files that are on their way; what has no key of ours is left alone. */
  async *listIncoming(): AsyncGenerator<StoredFile> {
    for (const name of await readdir(this.incoming)) {
      const [tenantId = '', id = ''] = name.split('.');
      yield* describe({ tenantId, id, incoming: true }, join(this.incoming, name));
    }
  }

  /** The files that are in their places; what has no key of ours is left alone. */
  async *listKept(): AsyncGenerator<StoredFile> {
    for (const folder of await readdir(this.root, { withFileTypes: true })) {
      if (!folder.isDirectory() || !isUuid(folder.name)) continue;
      const path = join(this.root, folder.name);
      for (const id of await readdir(path))
        yield* describe({ tenantId: folder.name, id, incoming: false }, join(path, id));
      // Only an empty one goes; another process may be about to put a file into it, which makes it again.
      await rmdir(path).catch(() => undefined);
    }
  }

  /** The file gets its place, and the folder's entry is on the disk before anything is said about it. */
  private async keep(key: StorageKey): Promise<void> {
    const folder = join(this.root, key.tenantId);
    for (let attempt = 1; ; attempt += 1) {
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      try {
        await rename(this.incomingPath(key), this.path(key));
        break;
      } catch (error) {
        // A sweep has just taken the empty folder away.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 3) throw error;
      }
    }
    await syncFolder(folder);
    await syncFolder(this.root);
  }

  private async unlink(path: string): Promise<void> {
    try {
      await rm(path, { force: true });
    } catch (error) {
      this.logger.warn(`A stored file could not be removed: ${(error as Error).message}`);
    }
  }

  private path({ tenantId, id }: StorageKey): string {
    return join(this.root, checked(tenantId), checked(id));
  }

  private incomingPath({ tenantId, id }: StorageKey): string {
    return join(this.incoming, `${checked(tenantId)}.${checked(id)}`);
  }
}

/** Holds even where an id came another way than from the database. */
function checked(id: string): string {
  if (!isUuid(id)) throw new Error('A file is stored under ids alone.');
  return id;
}

async function assertSize(handle: FileHandle, size: number): Promise<void> {
  const found = await handle.stat();
  if (!found.isFile() || found.size !== size)
    throw new Error(`A stored file has ${found.size} bytes where ${size} were kept.`);
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* describe(
  file: Omit<StoredFile, 'modifiedAt' | 'orphan'>,
  path: string,
): AsyncGenerator<StoredFile> {
  if (!isUuid(file.tenantId) || !isUuid(file.id)) return;
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true) return;
  const orphan = !file.incoming && (found.mode & 0o777) === ORPHAN_MODE;
  yield { ...file, modifiedAt: found.mtime, orphan };
}
