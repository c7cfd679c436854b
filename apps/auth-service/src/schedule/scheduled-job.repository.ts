import type { SqlRunner } from '@poc-tracker/tenancy';
import { dueAfter, leaseOf, type ScheduledJob } from './scheduled-job.js';

/** Claims a job for an instance. @returns false if the job is not due or another instance runs it. */
export async function claimJob(
  runner: SqlRunner,
  job: ScheduledJob,
  instance: string,
): Promise<boolean> {
  const [claim] = await runner.query<{ claimed: boolean }>(
    'SELECT claim_job($1, $2, $3, $4) AS claimed',
    [job.name, dueAfter(job), instance, leaseOf(job)],
  );
  return claim?.claimed === true;
}

/** Extends the lease of a job that the instance runs. */
export async function renewJob(
  runner: SqlRunner,
  job: ScheduledJob,
  instance: string,
): Promise<void> {
  await runner.query('SELECT renew_job($1, $2, $3)', [job.name, instance, leaseOf(job)]);
}

/** Records the end of a job that the instance has run. */
export async function finishJob(
  runner: SqlRunner,
  job: ScheduledJob,
  instance: string,
): Promise<void> {
  await runner.query('SELECT finish_job($1, $2)', [job.name, instance]);
}
