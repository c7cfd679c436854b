import { constants, type ReadStream } from 'node:fs';
import {
  access,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
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

/** The contents of the files, each at `<tenant>/<id>` below STORAGE_DIR. */
@Injectable()
export class FileStorage implements OnModuleInit {
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
    const path = this.incomingPath(key);
    const handle = await open(path, 'wx', FILE_MODE);
    return new Draft(handle, path, () => this.keep(key));
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

  /** Removes a file from its place. One that is still on its way is left to whoever takes it in, who finds no row. */
  async remove(key: StorageKey): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  /** Removes what is there of a file, wherever it had got to. */
  async discard(key: StorageKey): Promise<void> {
    await rm(this.incomingPath(key), { force: true });
    await this.remove(key);
  }

  /** Everything that lies here, and when it was last written to; what has no key of ours is left alone. */
  async *list(): AsyncGenerator<StorageKey & { modifiedAt: Date }> {
    for (const name of await readdir(this.incoming)) {
      const [tenantId = '', id = ''] = name.split('.');
      yield* describe({ tenantId, id }, join(this.incoming, name));
    }
    for (const folder of await readdir(this.root, { withFileTypes: true })) {
      if (!folder.isDirectory() || !isUuid(folder.name)) continue;
      const path = join(this.root, folder.name);
      for (const id of await readdir(path)) {
        yield* describe({ tenantId: folder.name, id }, join(path, id));
      }
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
  key: StorageKey,
  path: string,
): AsyncGenerator<StorageKey & { modifiedAt: Date }> {
  if (!isUuid(key.tenantId) || !isUuid(key.id)) return;
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) yield { ...key, modifiedAt: found.mtime };
}
