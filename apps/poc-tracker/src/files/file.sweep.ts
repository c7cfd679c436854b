import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { FileStorage, type StorageKey } from '../storage/file-storage.js';
import { FileRepository } from './file.repository.js';

const EVERY_MS = 60 * 60_000;

/** A client that is silent for 30 seconds is cut off, so nobody writes to a file that has not changed for this long. */
const ABANDONED_MS = 10 * 60_000;

/** A content without a row is kept for a day: whoever brings back an older copy of the database has time to notice. */
const ORPHANED_MS = 24 * 60 * 60_000;

/** Files that are looked up at a time. */
const BATCH = 500;

/**
 * Settles what a crash has left behind: reservations without a content, whose bytes the tenant gets back, and contents
 * without a row. At the start and every hour; several processes may do it at once, on one folder.
 */
@Injectable()
export class FileSweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(FileSweep.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly storage: FileStorage,
    private readonly files: FileRepository,
    private readonly database: TenantDatabase,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweepQuietly(), EVERY_MS);
    this.timer.unref();
    void this.sweepQuietly();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** @returns how many contents were removed. */
  async sweep(now = Date.now()): Promise<number> {
    const suspects = new Map<string, (StorageKey & { age: number })[]>();
    let removed = 0;
    const settle = async (tenantId: string): Promise<void> => {
      removed += await this.settle(tenantId, suspects.get(tenantId) ?? []);
      suspects.delete(tenantId);
    };
    for await (const { tenantId, id, modifiedAt } of this.storage.list()) {
      const age = now - modifiedAt.getTime();
      if (age < ABANDONED_MS) continue;
      const ofTenant = suspects.get(tenantId) ?? [];
      ofTenant.push({ tenantId, id, age });
      suspects.set(tenantId, ofTenant);
      if (ofTenant.length >= BATCH) await settle(tenantId);
    }
    for (const tenantId of suspects.keys()) await settle(tenantId);
    return removed;
  }

  private async settle(
    tenantId: string,
    found: readonly (StorageKey & { age: number })[],
  ): Promise<number> {
    const ids = found.map(({ id }) => id);
    const service = { tenantId, userId: null, role: 'admin' as const };
    const { known, complete } = await this.database.transaction(service, async () => {
      const before = await this.files.findKnown(ids);
      await this.files.release(ids);
      return { known: before, complete: await this.files.findComplete(ids) };
    });
    const left = found.filter(
      ({ id, age }) => !complete.has(id) && (known.has(id) || age >= ORPHANED_MS),
    );
    for (const key of left) await this.storage.discard(key);
    return left.length;
  }

  private async sweepQuietly(): Promise<void> {
    try {
      const removed = await this.sweep();
      if (removed > 0) this.logger.log(`Removed ${removed} contents that belonged to no file.`);
    } catch (error) {
      this.logger.warn(`The files could not be swept: ${(error as Error).message}`);
    }
  }
}
