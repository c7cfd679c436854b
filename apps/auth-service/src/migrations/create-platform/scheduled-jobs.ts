import {
  asGatekeeper,
  definerFunction,
  GATEKEEPER_ROLE,
  OPERATOR_ROLE,
  type SchemaPart,
} from '@poc-tracker/tenancy';

const TABLE = `
  CREATE TABLE public.scheduled_jobs (
    name text NOT NULL CONSTRAINT scheduled_jobs_pkey PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- The process that runs the job, until the lease ends.
    holder uuid,
    lease_ends_at timestamptz
  );
  GRANT SELECT, INSERT, UPDATE ON public.scheduled_jobs TO ${GATEKEEPER_ROLE}`;

/*
 * One statement decides which process runs a job: of several that ask at the same time, only one finds the job due. It
 * is a lease and not a lock, because a lock would need a connection for as long as the job runs.
 */
const CLAIM_JOB = definerFunction({
  signature: 'claim_job(p_name text, p_interval_ms bigint, p_holder uuid, p_lease_ms bigint)',
  returns: 'boolean',
  language: 'plpgsql',
  callers: [OPERATOR_ROLE],
  body: `
BEGIN
  INSERT INTO public.scheduled_jobs AS j (name, started_at, holder, lease_ends_at)
  VALUES (p_name, clock_timestamp(), p_holder, clock_timestamp() + p_lease_ms * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE
     SET started_at = clock_timestamp(), finished_at = NULL, holder = p_holder, lease_ends_at = excluded.lease_ends_at
   WHERE CASE WHEN j.holder IS NULL THEN j.started_at <= clock_timestamp() - p_interval_ms * interval '1 millisecond'
              ELSE j.lease_ends_at <= clock_timestamp() END;
  RETURN FOUND;
END`,
});

const RENEW_JOB = definerFunction({
  signature: 'renew_job(p_name text, p_holder uuid, p_lease_ms bigint)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.scheduled_jobs j SET lease_ends_at = clock_timestamp() + p_lease_ms * interval '1 millisecond'
 WHERE j.name = p_name AND j.holder = p_holder`,
});

const FINISH_JOB = definerFunction({
  signature: 'finish_job(p_name text, p_holder uuid)',
  returns: 'void',
  language: 'sql',
  callers: [OPERATOR_ROLE],
  body: `
UPDATE public.scheduled_jobs j SET finished_at = clock_timestamp(), holder = NULL, lease_ends_at = NULL
 WHERE j.name = p_name AND j.holder = p_holder`,
});

/** The jobs that run on a schedule. The table belongs to no tenant, so only these functions have access to it. */
export const SCHEDULED_JOBS: SchemaPart = {
  up: [TABLE, asGatekeeper(CLAIM_JOB, RENEW_JOB, FINISH_JOB)],
  down: [
    `DROP FUNCTION public.claim_job(text, bigint, uuid, bigint), public.renew_job(text, uuid, bigint),
       public.finish_job(text, uuid)`,
    'DROP TABLE public.scheduled_jobs',
  ],
};
