import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { FileStorage, type StoredFile } from '../storage/file-storage.js';
import { LeftoverRepository } from './leftover.repository.js';

/** Interval for incomplete uploads: they are few, and they occupy storage of the tenant. */
const INCOMING_EVERY_MS = 5 * 60_000;

/** Interval for stored files, which takes one lookup per file. */
const KEPT_EVERY_MS = 60 * 60_000;

/** Uploads time out after 30 idle seconds, so no process writes to a file that has not changed for this long. */
const ABANDONED_MS = 10 * 60_000;

/**
 * How long a file is kept after the sweep first missed its complete row. An operator has this time to correct the database
 * without losing files, for example after an older backup was restored.
 */
const ORPHANED_MS = 24 * 60 * 60_000;

/** Files per call: the limit of the database function. */
const BATCH = 500;

/**
 * Cleans up after crashes: releases interrupted uploads, and removes content that has had no complete row for a day. Deletes
 * the files of purged tenants. Runs at the start and periodically. Several processes may run it at once on the same folder.
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
    const incoming = () => this.runOnce(() => this.sweepIncoming());
    const everything = () => this.runOnce(() => this.sweep());
    this.timers.push(
      setInterval(incoming, INCOMING_EVERY_MS).unref(),
      setInterval(everything, KEPT_EVERY_MS).unref(),
    );
    everything();
  }

  onModuleDestroy(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** Settles all files. */
  async sweep(now = Date.now()): Promise<void> {
    await this.sweepIncoming(now);
    await this.settleAll(this.storage.listKept(), now);
  }

  /** Settles incomplete uploads and deletes the files of purged tenants. */
  async sweepIncoming(now = Date.now()): Promise<void> {
    for (const tenantId of await this.leftovers.findPurgedTenants())
      await this.removePurged(tenantId);
    await this.leftovers.releaseAbandoned();
    await this.settleAll(this.storage.listIncoming(), now);
  }

  /** A failure for one tenant does not stop the sweep. */
  private async removePurged(tenantId: string): Promise<void> {
    try {
      await this.storage.removeTenant(tenantId);
      await this.leftovers.confirmFilesDeleted(tenantId);
    } catch (error) {
      this.logger.warn(
        `Some files of the purged tenant ${tenantId} were not deleted: ${(error as Error).message}`,
      );
    }
  }

  private async settleAll(found: AsyncIterable<StoredFile>, now: number): Promise<void> {
    const candidates = new Map<string, StoredFile[]>();
    const settle = async (tenantId: string): Promise<void> => {
      await this.settle(tenantId, candidates.get(tenantId) ?? [], now);
      candidates.delete(tenantId);
    };
    for await (const file of found) {
      if (now - file.modifiedAt.getTime() < ABANDONED_MS) continue;
      const ofTenant = candidates.get(file.tenantId) ?? [];
      ofTenant.push(file);
      candidates.set(file.tenantId, ofTenant);
      if (ofTenant.length >= BATCH) await settle(file.tenantId);
    }
    for (const tenantId of candidates.keys()) await settle(tenantId);
  }

  /** Only interrupted uploads, and files that were marked a day ago, are removed. */
  private async settle(tenantId: string, found: readonly StoredFile[], now: number): Promise<void> {
    const due = found.filter(
      (file) => file.incoming || (file.orphan && now - file.modifiedAt.getTime() >= ORPHANED_MS),
    );
    const others = found.filter((file) => !due.includes(file));
    const states = [
      ...(await this.leftovers.settle({ tenantId, userId: null }, idsOf(due))),
      ...(await this.leftovers.inspect(tenantId, idsOf(others))),
    ];
    const complete = new Set(states.filter((state) => state.complete).map(({ file }) => file));
    for (const file of found) {
      if (complete.has(file.id)) {
        if (file.orphan) await this.storage.unmarkOrphan(file);
      } else if (due.includes(file)) await this.remove(file);
      else if (!file.orphan) await this.mark(file, now);
    }
  }

  private async remove(file: StoredFile): Promise<void> {
    await this.storage.discard(file);
    if (file.orphan)
      this.logger.log(
        `Removed the stored file ${file.tenantId}/${file.id}, which has no complete row.`,
      );
  }

  private async mark(file: StoredFile, now: number): Promise<void> {
    await this.storage.markOrphan(file, new Date(now));
    this.logger.warn(
      `The stored file ${file.tenantId}/${file.id} has no complete row and is removed in a day.`,
    );
  }

  /** Skips a sweep while another one is running, because a sweep may take longer than the interval. */
  private runOnce(sweep: () => Promise<void>): void {
    if (this.running) return;
    this.running = true;
    sweep()
      .catch((error: unknown) =>
        this.logger.warn(`The sweep of files failed: ${(error as Error).message}`),
      )
      .finally(() => (this.running = false));
  }
}

function idsOf(files: readonly StoredFile[]): string[] {
  return files.map(({ id }) => id);
}
