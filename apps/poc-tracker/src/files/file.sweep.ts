import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { FileStorage, type StoredFile } from '../storage/file-storage.js';
import { LeftoverRepository } from './leftover.repository.js';

/** Few files are on their way at a time, and a tenant waits for the bytes of those that were left there. */
const INCOMING_EVERY_MS = 5 * 60_000;

/** All the rest, which is one look-up a file. */
const KEPT_EVERY_MS = 60 * 60_000;

/** A client that is silent for 30 seconds is cut off, so nobody writes to a file that has not changed for this long. */
const ABANDONED_MS = 10 * 60_000;

/**
 * A content without a row is kept for a day since it was first found so: whoever brings back an older copy of the
 * database has time to notice, and finds it in its place.
 */
const ORPHANED_MS = 24 * 60 * 60_000;

/** Files that are settled at a time; the database takes no more. */
const BATCH = 500;

/**
 * Settles what a crash has left behind: reservations without a content, whose bytes the tenant gets back, and contents
 * without a row. Deletes the files of purged tenants. At the start and from time to time; several processes may do it at
 * once, on one folder.
 */
@Injectable()
export class FileSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(FileSweep.name);
  private readonly timers: NodeJS.Timeout[] = [];
  private running = false;

  constructor(
    private readonly storage: FileStorage,
    private readonly leftovers: LeftoverRepository,
  ) {}

  onApplicationBootstrap(): void {
    const incoming = () => this.quietly(() => this.sweepIncoming());
    const everything = () => this.quietly(() => this.sweep());
    this.timers.push(
      setInterval(incoming, INCOMING_EVERY_MS).unref(),
      setInterval(everything, KEPT_EVERY_MS).unref(),
    );
    everything();
  }

  onModuleDestroy(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** Settles everything that lies in the folder. */
  async sweep(now = Date.now()): Promise<void> {
    await this.sweepIncoming(now);
    await this.settleAll(this.storage.listKept(), now);
  }

  /** Settles what was on its way, and deletes the files of purged tenants. */
  async sweepIncoming(now = Date.now()): Promise<void> {
    for (const tenantId of await this.leftovers.findPurgedTenants())
      await this.removePurged(tenantId);
    await this.leftovers.releaseAbandoned();
    await this.settleAll(this.storage.listIncoming(), now);
  }

  /** One tenant whose files cannot be deleted now keeps nothing else from being settled. */
  private async removePurged(tenantId: string): Promise<void> {
    try {
      await this.storage.removeTenant(tenantId);
      await this.leftovers.confirmFilesDeleted(tenantId);
    } catch (error) {
      this.logger.warn(
        `The files of the purged tenant ${tenantId} could not all be deleted: ${(error as Error).message}`,
      );
    }
  }

  private async settleAll(found: AsyncIterable<StoredFile>, now: number): Promise<void> {
    const suspects = new Map<string, StoredFile[]>();
    const settle = async (tenantId: string): Promise<void> => {
      await this.settle(tenantId, suspects.get(tenantId) ?? [], now);
      suspects.delete(tenantId);
    };
    for await (const file of found) {
      if (now - file.modifiedAt.getTime() < ABANDONED_MS) continue;
      const ofTenant = suspects.get(file.tenantId) ?? [];
      ofTenant.push(file);
      suspects.set(file.tenantId, ofTenant);
      if (ofTenant.length >= BATCH) await settle(file.tenantId);
    }
    for (const tenantId of suspects.keys()) await settle(tenantId);
  }

  private async settle(tenantId: string, found: readonly StoredFile[], now: number): Promise<void> {
    const ids = found.map(({ id }) => id);
    const settled = await this.leftovers.settle({ tenantId, userId: null }, ids);
    const byId = new Map(settled.map((row) => [row.file, row]));
    for (const file of found) {
      const { known, complete } = byId.get(file.id) ?? { known: false, complete: false };
      if (complete) {
        if (file.orphan) await this.storage.unmarkOrphan(file);
      } else if (file.incoming || known) await this.storage.discard(file);
      else await this.settleOrphan(file, now);
    }
  }

  private async settleOrphan(file: StoredFile, now: number): Promise<void> {
    if (!file.orphan) await this.storage.markOrphan(file, new Date(now));
    else if (now - file.modifiedAt.getTime() >= ORPHANED_MS) {
      await this.storage.discard(file);
      this.logger.log(
        `Removed the content ${file.tenantId}/${file.id}, which belonged to no file.`,
      );
    }
  }

  /** One at a time: a folder may take longer than the time between two sweeps. */
  private quietly(sweep: () => Promise<void>): void {
    if (this.running) return;
    this.running = true;
    sweep()
      .catch((error: unknown) =>
        this.logger.warn(`The files could not be swept: ${(error as Error).message}`),
      )
      .finally(() => (this.running = false));
  }
}
