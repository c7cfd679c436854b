import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Scheduler } from '../../schedule/scheduler.js';
import {
  type ExpiringData,
  OneTimeTokenPruningRepository,
} from './one-time-token-pruning.repository.js';

const EVERY_MS = 60 * 60 * 1_000;

/** Rows per transaction: few enough to keep their locks for well below a second. */
const BATCH = 1_000;

/** Of one run; the next one continues. */
const MAX_BATCHES = 1_000;

/** Deletes once an hour what has expired. */
@Injectable()
export class OneTimeTokenPruning implements OnModuleInit, OnModuleDestroy {
  private stopping = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly repository: OneTimeTokenPruningRepository,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({
      name: 'prune-one-time-tokens',
      everyMs: EVERY_MS,
      run: () => this.prune(),
    });
  }

  /** The running batch ends; the next run continues. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  async prune(): Promise<void> {
    await this.inBatches('tokens');
    await this.inBatches('registrations');
    await this.inBatches('mailRequests');
  }

  private async inBatches(data: ExpiringData): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && !this.stopping; batch += 1)
      if ((await this.repository.prune(data, BATCH)) < BATCH) return;
  }
}
