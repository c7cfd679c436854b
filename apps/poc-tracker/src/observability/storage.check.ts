import { Injectable } from '@nestjs/common';
import type { HealthCheck } from '@poc-tracker/http-service';
import { FileStorage } from '../storage/file-storage.js';

/** The disk or the quota is full: files can be read, but not added. */
const NO_SPACE: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/** Checks that files can be written. With a full disk, some requests are still answered. */
@Injectable()
export class StorageCheck implements HealthCheck<'storage'> {
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
