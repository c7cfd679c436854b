import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Scheduler } from '../../schedule/scheduler.js';
import { RevocationPruningRepository } from './revocation-pruning.repository.js';

const EVERY_MS = 5 * 60 * 1000;

/** Rows per transaction: few enough to keep their locks for well below a second. */
const BATCH = 1_000;

/** Of one run. More than a busy installation ends sessions in twenty minutes; the next run continues. */
const MAX_BATCHES = 1_000;

/** Deletes events of the feed, and what the mirror reads of ended sessions, after twenty minutes. A cursor expires after fifteen. */
@Injectable()
export class RevocationPruning implements OnModuleInit, OnModuleDestroy {
  private stopping = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly repository: RevocationPruningRepository,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({
      name: 'prune-revocations',
      everyMs: EVERY_MS,
      run: async () => {
        await this.inBatches((limit) => this.repository.pruneEvents(limit));
        await this.inBatches((limit) => this.repository.pruneSessions(limit));
      },
    });
  }

  /** The running batch ends; the next run continues. */
  onModuleDestroy(): void {
    this.stopping = true;
  }

  private async inBatches(prune: (limit: number) => Promise<number>): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && !this.stopping; batch += 1)
      if ((await prune(BATCH)) < BATCH) return;
  }
}
