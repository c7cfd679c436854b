import { Injectable } from '@nestjs/common';
import type { HealthCheck } from '@poc-tracker/http-service';
import { assertClockAgrees, TenantDatabase, WriteProbe } from '@poc-tracker/tenancy';
import { FileStorage } from '../storage/file-storage.js';

/** The dependencies of the tracker. */
export type HealthCheckName = 'database' | 'storage' | 'clock';

/** Checks one dependency of the tracker. */
export type TrackerCheck = HealthCheck<HealthCheckName>;

/** The disk or the quota is full: files can be read, but not added. */
const NO_SPACE: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/** Checks that PostgreSQL accepts writes. */
@Injectable()
export class DatabaseCheck implements TrackerCheck {
  readonly name = 'database';
  readonly critical = true;
  readonly neededToBeReady = true;

  constructor(private readonly writes: WriteProbe) {}

  probe(): Promise<Record<string, unknown>> {
    this.writes.assertWritable();
    return Promise.resolve({});
  }
}

/** Checks that files can be written. With a full disk, some requests are still answered. */
@Injectable()
export class StorageCheck implements TrackerCheck {
  readonly name = 'storage';
  private full = false;

  constructor(private readonly storage: FileStorage) {}

  get critical(): boolean {
    return !this.full;
  }

  async probe(): Promise<Record<string, unknown>> {
    // A probe that hangs sets no cause, and must not keep that of an earlier one.
    this.full = false;
    try {
      await this.storage.assertWritable();
      return {};
    } catch (error) {
      this.full = NO_SPACE.has((error as NodeJS.ErrnoException).code);
      throw error;
    }
  }
}

/** Checks that the clock of this process agrees with that of PostgreSQL. Without it, some requests are still answered. */
@Injectable()
export class ClockCheck implements TrackerCheck {
  readonly name = 'clock';
  readonly critical = false;

  constructor(private readonly database: TenantDatabase) {}

  async probe(): Promise<Record<string, unknown>> {
    await assertClockAgrees(this.database);
    return {};
  }
}
