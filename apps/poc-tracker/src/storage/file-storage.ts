import { randomUUID } from 'node:crypto';
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
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { isUuid } from '@poc-tracker/contracts';
import { StartFailureError } from '@poc-tracker/http-service';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { Draft } from './draft.js';

/** Identifies a stored file. It consists of generated ids, so that a path never contains a name from a client. */
export interface StorageKey {
  tenantId: string;
  id: string;
}

/** The folder of files during their upload. No tenant's folder can have this name. */
const INCOMING = 'incoming';

/** For the owner only, because folder names are tenant ids. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Marks a file without a complete row. Its modification time says since when. */
const ORPHAN_MODE = 0o400;

/** A block of a file system, so that a full one refuses it. */
const PROBE = Buffer.alloc(4_096);

/** A file in the storage, for the sweep. */
export interface StoredFile extends StorageKey {
  modifiedAt: Date;
  /** Its upload is running or was interrupted. */
  incoming: boolean;
  /** It was marked by `markOrphan`. */
  orphan: boolean;
}

/** Stores the content of files at `<tenant>/<id>` below STORAGE_DIR. */
@Injectable()
export class FileStorage implements OnModuleInit {
  private readonly logger = new Logger(FileStorage.name);
  private readonly root: string;
  private readonly incoming: string;

  constructor(@Inject(TRACKER_CONFIG) config: Pick<TrackerConfig, 'files'>) {
    this.root = resolve(config.files.directory);
    this.incoming = join(this.root, INCOMING);
  }

  /** @throws StartFailureError if the folder is not writable, so that the start fails and not the first upload. */
  async onModuleInit(): Promise<void> {
    try {
      await createFolders(this.incoming);
      await this.assertWritable();
    } catch (error) {
      throw new StartFailureError(
        `The tracker cannot write to ${this.root}: ${(error as Error).message}. Set STORAGE_DIR to a folder that this user ` +
          'can write to, on a disk with free space.',
      );
    }
  }

  /** Writes a file as an upload does. @throws NodeJS.ErrnoException, with code ENOSPC or EDQUOT if there is no space. */
  async assertWritable(): Promise<void> {
    await access(this.incoming, constants.R_OK | constants.W_OK | constants.X_OK);
    const path = join(this.incoming, `health.${randomUUID()}`);
    const handle = await open(path, 'wx', FILE_MODE);
    try {
      // Before it is written: a killed process leaves no file behind.
      await unlink(path);
      await handle.writeFile(PROBE);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Creates a file that is not readable until `keep()`. */
  async begin(key: StorageKey): Promise<Draft> {
    const handle = await open(this.incomingPath(key), 'wx', FILE_MODE);
    return new Draft(handle, () => this.keep(key));
  }

  /** Reads the content from `start` to `end`, inclusive. @throws Error if the file is missing or has another size. */
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
   * Removes a stored file. If that fails, the sweep removes it later. A running upload is not affected; it fails when it
   * finds no row.
   */
  async remove(key: StorageKey): Promise<void> {
    await this.removeFile(this.path(key));
  }

  /** Removes a file, whether its upload is complete or not. */
  async discard(key: StorageKey): Promise<void> {
    await this.removeFile(this.incomingPath(key));
    await this.remove(key);
  }

  /** Marks on the file itself that it has no complete row and since when, so that every process can see it. */
  async markOrphan(key: StorageKey, at: Date): Promise<void> {
    const path = this.path(key);
    await utimes(path, at, at);
    await chmod(path, ORPHAN_MODE);
  }

  async unmarkOrphan(key: StorageKey): Promise<void> {
    await chmod(this.path(key), FILE_MODE);
  }

  /** Removes all files of a tenant. */
  async removeTenant(tenantId: string): Promise<void> {
    const prefix = `${checked(tenantId)}.`;
    for (const name of await readdir(this.incoming)) {
      if (name.startsWith(prefix)) await rm(join(this.incoming, name), { force: true });
    }
    await rm(join(this.root, tenantId), { recursive: true, force: true });
  }

  /** Lists the files of incomplete uploads. Files with other names are ignored. */
  async *listIncoming(): AsyncGenerator<StoredFile> {
    for (const name of await readdir(this.incoming)) {
      const [tenantId = '', id = ''] = name.split('.');
      yield* describe({ tenantId, id, incoming: true }, join(this.incoming, name));
    }
  }

  /** Lists the stored files. Files with other names are ignored. */
  async *listKept(): AsyncGenerator<StoredFile> {
    for (const folder of await readdir(this.root, { withFileTypes: true })) {
      if (!folder.isDirectory() || !isUuid(folder.name)) continue;
      const path = join(this.root, folder.name);
      for (const id of await readdir(path))
        yield* describe({ tenantId: folder.name, id, incoming: false }, join(path, id));
      // This only removes an empty folder. A process that is about to add a file creates it again.
      await rmdir(path).catch(() => undefined);
    }
  }

  /** Moves a file to its place and syncs the folders, so that it survives a crash. */
  private async keep(key: StorageKey): Promise<void> {
    const folder = join(this.root, key.tenantId);
    for (let attempt = 1; ; attempt += 1) {
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      try {
        await rename(this.incomingPath(key), this.path(key));
        break;
      } catch (error) {
        // A sweep has removed the empty folder.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 3) throw error;
      }
    }
    await syncFolder(folder);
    await syncFolder(this.root);
  }

  private async removeFile(path: string): Promise<void> {
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

/** Node's recursive mkdir does not return below a folder such as /proc, where a folder cannot be created and exists at no time. */
async function createFolders(path: string): Promise<void> {
  const create = () => mkdir(path, { mode: FOLDER_MODE }).catch(unlessExists);
  try {
    await create();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    await createFolders(dirname(path));
    await create();
  }
}

function unlessExists(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Prevents path traversal, wherever an id comes from. */
function checked(id: string): string {
  if (!isUuid(id)) throw new Error('The id of a stored file must be a UUID.');
  return id;
}

async function assertSize(handle: FileHandle, size: number): Promise<void> {
  const found = await handle.stat();
  if (!found.isFile() || found.size !== size)
    throw new Error(`A stored file has ${found.size} bytes instead of ${size}.`);
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
