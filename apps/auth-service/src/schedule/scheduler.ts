import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { delayUntilAsking, dueAfter, type ScheduledJob } from './scheduled-job.js';

/** How long a job stays another instance's after that one was last heard of. */
const LEASE_MS = 60_000;

const RENEW_EVERY_MS = LEASE_MS / 3;

/**
 * Runs each job on one instance at a time and once an interval, however many instances there are:
 * PostgreSQL decides who may, by one row a job and by its own clock. An instance that dies in the
 * middle of a job leaves it to the others when its lease ends.
 */
@Injectable()
export class Scheduler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Scheduler.name);
  private readonly instance = randomUUID();
  private readonly jobs = new Map<string, ScheduledJob>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly running = new Set<Promise<unknown>>();
  private started = false;
  private stopping = false;

  constructor(private readonly database: PlatformDatabase) {}

  /**
   * To be called while the application starts (`onModuleInit`), or at any time after.
   * @throws Error when another job has the name.
   */
  register(job: ScheduledJob): void {
    if (this.jobs.has(job.name)) throw new Error(`There are two jobs with the name ${job.name}.`);
    this.jobs.set(job.name, job);
    if (this.started) this.plan(job, true);
  }

  onApplicationBootstrap(): void {
    this.started = true;
    for (const job of this.jobs.values()) this.plan(job, true);
  }

  /** Starts nothing more and waits for what runs; the connections that it uses are closed after this. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.allSettled(this.running);
  }

  /**
   * Runs a job if it is due and no instance runs it. A failure of the job is logged and ends here.
   * @returns whether it ran here.
   * @throws Error for a name that was never registered, or when PostgreSQL cannot be asked.
   */
  async runIfDue(name: string): Promise<boolean> {
    const job = this.jobs.get(name);
    if (job === undefined) throw new Error(`There is no job with the name ${name}.`);
    if (this.stopping) return false;
    return this.track(this.attempt(job));
  }

  private plan(job: ScheduledJob, first: boolean): void {
    if (this.stopping) return;
    const timer = setTimeout(
      () => {
        this.runIfDue(job.name)
          .catch((error: unknown) => {
            this.logger.warn(`Whether ${job.name} is due could not be asked: ${String(error)}`);
          })
          .finally(() => {
            this.plan(job, false);
          });
      },
      delayUntilAsking(job, first, Math.random()),
    );
    // A process that has nothing else to do may end.
    timer.unref();
    this.timers.set(job.name, timer);
  }

  private async attempt(job: ScheduledJob): Promise<boolean> {
    const [claim] = await this.database.query<{ claimed: boolean }>(
      'SELECT claim_job($1, $2, $3, $4) AS claimed',
      [job.name, dueAfter(job), this.instance, LEASE_MS],
    );
    if (claim?.claimed !== true) return false;
    const renewal = setInterval(() => {
      this.renew(job);
    }, RENEW_EVERY_MS);
    renewal.unref();
    try {
      await job.run();
    } catch (error) {
      this.logger.error(
        `The job ${job.name} failed; it is tried again in ${job.everyMs} ms.`,
        error instanceof Error ? error.stack : String(error),
      );
    } finally {
      clearInterval(renewal);
      await this.finish(job);
    }
    return true;
  }

  private renew({ name }: ScheduledJob): void {
    const renewed = this.database.query('SELECT renew_job($1, $2, $3)', [
      name,
      this.instance,
      LEASE_MS,
    ]);
    renewed.catch((error: unknown) => {
      this.logger.warn(`The lease of the job ${name} was not renewed: ${String(error)}`);
    });
  }

  /** Not written, the lease runs out instead. */
  private async finish({ name }: ScheduledJob): Promise<void> {
    try {
      await this.database.query('SELECT finish_job($1, $2)', [name, this.instance]);
    } catch (error) {
      this.logger.warn(`The end of the job ${name} was not recorded: ${String(error)}`);
    }
  }

  private track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.running.delete(tracked));
    this.running.add(tracked);
    return tracked;
  }
}
