import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { Scheduler } from '../schedule/scheduler.js';
import { SessionMirrorRepository } from './mirror/session-mirror.repository.js';

const EVERY_MS = 5 * 60 * 1000;

/** Deletes events of the feed, and what the mirror reads of ended sessions, after twenty minutes. A cursor expires after fifteen. */
@Injectable()
export class RevocationPruning implements OnModuleInit {
  constructor(
    private readonly scheduler: Scheduler,
    private readonly database: PlatformDatabase,
    private readonly mirrored: SessionMirrorRepository,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({
      name: 'prune-revocations',
      everyMs: EVERY_MS,
      run: async () => {
        await this.database.query('SELECT prune_revocations()');
        await this.mirrored.prune();
      },
    });
  }
}
