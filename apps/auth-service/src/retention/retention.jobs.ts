import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { databaseTime, PlatformDatabase } from '@poc-tracker/tenancy';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { Scheduler } from '../schedule/scheduler.js';
import { throwFailures } from '../schedule/throw-failures.js';
import { type PrunedData, RetentionRepository } from './retention.repository.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The longest run. What is left waits for the next one. */
const LONGEST_RUN_MS = 30 * 60 * 1_000;

/** One kind of data of one tenant. */
interface Task {
  data: PrunedData;
  tenantId: string;
  before: Date;
}

/** What a run did. */
export interface PruningReport {
  deleted: Record<PrunedData, number>;
  /** Audit logs of which a run at least twelve hours later deletes entries. */
  announced: number;
  /** True if a limit of the run or the end of the process left something to delete. */
  interrupted: boolean;
}

/**
 * Deletes what has been kept for as long as the settings say, once a day. Tenants take turns, a batch each, so that none waits
 * for a tenant with millions of rows.
 */
@Injectable()
export class RetentionJobs implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(RetentionJobs.name);
  private readonly stopping = new AbortController();
  private readonly days: Readonly<Record<PrunedData, number>>;

  constructor(
    @Inject(APP_CONFIG) { retention }: Pick<AppConfig, 'retention'>,
    private readonly scheduler: Scheduler,
    private readonly database: PlatformDatabase,
    private readonly rows: RetentionRepository,
  ) {
    const {
      sessionsDays: sessions,
      usageDays: usage,
      mailsDays: mails,
      auditDays: audit,
    } = retention;
    this.days = { sessions, usage, mails, audit };
  }

  onModuleInit(): void {
    this.scheduler.register({
      name: 'prune-by-retention',
      everyMs: DAY_MS,
      run: async () => {
        await this.prune();
      },
    });
  }

  /** The running batch ends; the next run continues. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * Deletes what is due, by the time of PostgreSQL.
   * @throws AggregateError of the tenants that failed, after all were tried.
   */
  async prune(longestMs = LONGEST_RUN_MS): Promise<PruningReport> {
    const end = performance.now() + longestMs;
    const tasks = await this.dueTasks();
    const deleted = { sessions: 0, usage: 0, mails: 0, audit: 0 };
    const failures: unknown[] = [];
    let turn = tasks;
    while (turn.length > 0 && !this.isOver(end)) {
      const unfinished: Task[] = [];
      for (const [index, task] of turn.entries()) {
        if (this.isOver(end)) {
          unfinished.push(...turn.slice(index));
          break;
        }
        try {
          const batch = await this.runBatch(task);
          deleted[task.data] += batch.deleted;
          if (batch.state === 'more') unfinished.push(task);
        } catch (error) {
          failures.push(error);
        }
      }
      turn = unfinished;
    }
    const announced = await this.announceNext(tasks, { end, failures });
    this.report({ deleted, announced, interrupted: turn.length > 0 });
    throwFailures(failures, `${failures.length} batches failed`);
    return { deleted, announced, interrupted: turn.length > 0 };
  }

  private async dueTasks(): Promise<Task[]> {
    const now = (await databaseTime(this.database)).getTime();
    const tasks: Task[] = [];
    for (const data of ['sessions', 'usage', 'mails', 'audit'] as const) {
      const before = new Date(now - this.days[data] * DAY_MS);
      const tenants = await this.rows.tenantsWith(data, before);
      tasks.push(...tenants.map((tenantId) => ({ data, tenantId, before })));
    }
    return tasks;
  }

  /** A batch, and then a pause that is as long, so that the job uses a connection half of the time at most. */
  private async runBatch({ data, tenantId, before }: Task) {
    const startedAt = performance.now();
    const batch = await this.rows.prune(data, tenantId, before);
    if (batch.state === 'stopped')
      this.logger.warn(
        `The audit log of the tenant ${tenantId} is kept, because its oldest entries or the announcement of their deletion do ` +
          'not match its hash chain, or because they are too young. Run "audit verify".',
      );
    await delay(performance.now() - startedAt, undefined, {
      signal: this.stopping.signal,
    }).catch(() => undefined);
    return batch;
  }

  /** After the deletions: what is announced now is deleted by a run at least twelve hours later. */
  private async announceNext(
    tasks: readonly Task[],
    { end, failures }: { end: number; failures: unknown[] },
  ): Promise<number> {
    let announced = 0;
    for (const { data, tenantId, before } of tasks) {
      if (data !== 'audit' || this.isOver(end)) continue;
      try {
        if (await this.rows.announce(tenantId, before)) announced += 1;
      } catch (error) {
        failures.push(error);
      }
    }
    return announced;
  }

  private isOver(end: number): boolean {
    return this.stopping.signal.aborted || performance.now() > end;
  }

  private report({ deleted, announced, interrupted }: PruningReport): void {
    this.logger.log(
      `Deleted after their retention: sessions ${deleted.sessions}, usage events ${deleted.usage}, mails ${deleted.mails}, audit entries ` +
        `${deleted.audit}. Audit logs of which a run at least twelve hours later deletes entries: ${announced}.` +
        (interrupted ? ' Not everything was deleted: the next run continues.' : ''),
    );
  }
}
