import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { delayUntilPoll, leaseOf, type ScheduledJob } from './scheduled-job.js';
import { claimJob, finishJob, renewJob } from './scheduled-job.repository.js';

/** Between two attempts to record the end of a job. It doubles up to the maximum. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

/**
 * Runs each job once per interval and on one instance at a time, however many instances there are.
 * PostgreSQL grants the lease, with one row per job and with its own clock. When an instance dies
 * during a job, another one can run the job after the lease has expired.
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
   * Call it in `onModuleInit` or later.
   * @throws Error if another job has the same name.
   */
  register(job: ScheduledJob): void {
    if (this.jobs.has(job.name))
      throw new Error(`A job with the name ${job.name} is already registered.`);
    this.jobs.set(job.name, job);
    if (this.started) this.plan(job, true);
  }

  onApplicationBootstrap(): void {
    this.started = true;
    for (const job of this.jobs.values()) this.plan(job, true);
  }

  /** Starts no more jobs and waits for running ones; their connections are closed afterwards. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.allSettled(this.running);
  }

  /**
   * Runs a job if it is due and no instance is running it. A failure of the job is logged and not thrown.
   * @returns true if the job ran on this instance.
   * @throws Error if no job has this name, or if PostgreSQL does not answer.
   */
  async runIfDue(name: string): Promise<boolean> {
    const job = this.jobs.get(name);
    if (job === undefined) throw new Error(`No job with the name ${name} is registered.`);
    if (this.stopping) return false;
    return this.track(this.attempt(job));
  }

  private plan(job: ScheduledJob, first: boolean): void {
    if (this.stopping) return;
    const timer = setTimeout(
      () => {
        this.runIfDue(job.name)
          .catch((error: unknown) => {
            this.logger.warn(`The job ${job.name} could not be claimed: ${String(error)}`);
          })
          .finally(() => {
            this.plan(job, false);
          });
      },
      delayUntilPoll(job, first, Math.random()),
    );
    // The timer does not keep the process alive.
    timer.unref();
    this.timers.set(job.name, timer);
  }

  private async attempt(job: ScheduledJob): Promise<boolean> {
    if (!(await claimJob(this.database, job, this.instance))) return false;
    const renewal = setInterval(
      () => {
        this.renew(job);
      },
      leaseOf(job) / 3,
    );
    renewal.unref();
    try {
      await job.run();
    } catch (error) {
      this.logger.error(
        `The job ${job.name} failed. It is retried in ${job.everyMs} ms.`,
        error instanceof Error ? error.stack : String(error),
      );
    } finally {
      clearInterval(renewal);
      await this.finish(job);
    }
    return true;
  }

  private renew(job: ScheduledJob): void {
    renewJob(this.database, job, this.instance).catch((error: unknown) => {
      this.logger.warn(`The lease of the job ${job.name} was not renewed: ${String(error)}`);
    });
  }

  /**
   * Until it is recorded, no instance runs the job, so it is retried until the lease has expired. A shutdown does not wait
   * for retries.
   */
  private async finish(job: ScheduledJob): Promise<void> {
    const giveUpAt = performance.now() + leaseOf(job);
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(2 * pause, LAST_RETRY_MS)) {
      try {
        await finishJob(this.database, job, this.instance);
        return;
      } catch (error) {
        if (this.stopping || performance.now() + pause > giveUpAt) {
          this.logger.warn(`The end of the job ${job.name} was not recorded: ${String(error)}`);
          return;
        }
        await delay(pause);
      }
    }
  }

  private track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.running.delete(tracked));
    this.running.add(tracked);
    return tracked;
  }
}
