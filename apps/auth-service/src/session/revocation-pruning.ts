import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { Scheduler } from '../schedule/scheduler.js';

const EVERY_MS = 5 * 60 * 1000;

/** Deletes events of the revocation feed after twenty minutes. A subscriber's cursor expires after fifteen. */
@Injectable()
export class RevocationPruning implements OnModuleInit {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly database: PlatformDatabase,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({
      name: 'prune-revocations',
      everyMs: EVERY_MS,
      run: async () => {
        await this.database.query('SELECT prune_revocations()');
      },
    });
  }
}
