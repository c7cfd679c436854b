import { ApiError } from '@poc-tracker/contracts';

export interface FairQueueLimits {
  /** Maximum number of running tasks: in all, and of one tenant, also if it is the only tenant with tasks. */
  concurrency: number;
  tenantConcurrency: number;
  /** Maximum number of waiting tasks: in all, of one tenant, and of one source of a tenant. */
  capacity: number;
  tenantCapacity: number;
  sourceCapacity: number;
  /** Maximum time between the call and the start of a task, in milliseconds. */
  deadlineMs: number;
}

/** On whose behalf a task runs. */
export interface TaskOwner {
  tenant: string;
  /** Within the tenant: the address of the client. */
  source: string;
}

/** Ends a task that was started, and starts the next one. Repeated calls do nothing. */
export type EndTask = () => void;

/** A place in the queue. Call `run` or `start` once, or `leave`, which does nothing after them. */
export interface Place {
  /**
   * Starts a task that the caller runs: at once if a slot is free, otherwise when its turn comes.
   * @throws ApiError SERVICE_BUSY if the turn does not come before the deadline; the reason of `signal` if it is aborted.
   */
  start(): EndTask | Promise<EndTask>;
  /**
   * Runs the task when its turn comes, and returns its result or throws its error.
   * @throws ApiError as `start` does.
   */
  run<T>(task: () => Promise<T>): Promise<T>;
  leave(): void;
}

/**
 * The weight of the last task in the average duration: about the last ten decide. It starts from zero, because the first
 * task of a process is slow. Where it is too low, the deadline is checked again when the turn comes.
 */
const NEWEST_WEIGHT = 0.1;

/** Members take turns: the next one goes to the end when it is added again. */
class Rotation<Member> {
  private readonly members = new Set<Member>();

  add(member: Member): void {
    this.members.add(member);
  }

  delete(member: Member): void {
    this.members.delete(member);
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  take(): Member | undefined {
    const [next] = this.members;
    if (next !== undefined) this.members.delete(next);
    return next;
  }
}

interface WaitingTask {
  readonly enteredAt: number;
  readonly start: () => void;
  readonly refuse: (reason: unknown) => void;
}

interface Waiting {
  readonly enteredAt: number;
  readonly leave: () => void;
  readonly signal: AbortSignal | undefined;
}

class SourceQueue {
  /** Tasks that have not started. */
  places = 0;
  readonly ready: WaitingTask[] = [];
}

class TenantQueue {
  running = 0;
  /** The sum of its sources. */
  places = 0;
  readonly sources = new Map<string, SourceQueue>();
  /** Its sources that have a task that is ready. */
  readonly turns = new Rotation<SourceQueue>();

  constructor(readonly id: string) {}
}

/**
 * Runs tasks with limited concurrency. Tenants take turns, and so do the sources of a tenant, in order of arrival within a
 * source: a burst of one delays a task of another by one turn. A task that would not start before the deadline is refused at
 * once.
 */
export class FairQueue {
  private running = 0;
  private places = 0;
  private ready = 0;
  private averageMs = 0;
  private readonly tenants = new Map<string, TenantQueue>();
  /** The tenants that have a task that is ready, and may run one more. */
  private readonly turns = new Rotation<TenantQueue>();

  /** @param now a monotonic clock in milliseconds, which a test can move */
  constructor(
    private readonly limits: FairQueueLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The number of tasks that wait for their turn. */
  get waiting(): number {
    return this.ready;
  }

  /**
   * `enter` and `run` in one call, for a task that is ready.
   * @throws ApiError SERVICE_BUSY immediately, without running the task, if it cannot start in time
   */
  async run<T>(owner: TaskOwner, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.enter(owner, signal).run(task);
  }

  /** Starts a task of this tenant, or returns undefined if it would have to wait. */
  tryStart(tenantId: string): EndTask | undefined {
    const tenant = this.tenantOf(tenantId);
    if (!this.isFree(tenant)) return undefined;
    this.tenants.set(tenantId, tenant);
    return this.started(tenant);
  }

  /**
   * Takes a place before the task is ready, so that one that would be refused is not prepared in vain.
   * @param signal ends the wait, such as when the client has disconnected
   * @throws ApiError SERVICE_BUSY if the task cannot start in time
   */
  enter(owner: TaskOwner, signal?: AbortSignal): Place {
    const tenant = this.tenantOf(owner.tenant);
    const source = tenant.sources.get(owner.source) ?? new SourceQueue();
    this.assertStartsInTime(tenant, source);
    this.tenants.set(owner.tenant, tenant);
    tenant.sources.set(owner.source, source);
    this.places += 1;
    tenant.places += 1;
    source.places += 1;
    let taken = true;
    const leave = (): void => {
      if (!taken) return;
      taken = false;
      this.places -= 1;
      tenant.places -= 1;
      source.places -= 1;
      if (source.places === 0) tenant.sources.delete(owner.source);
      this.forgetIfUnused(tenant);
    };
    const enteredAt = this.now();
    const start = (): EndTask | Promise<EndTask> =>
      this.turnOf(tenant, source, { enteredAt, leave, signal });
    return {
      leave,
      start,
      run: async <T>(task: () => Promise<T>): Promise<T> => {
        const turn = start();
        const end = turn instanceof Promise ? await turn : turn;
        try {
          return await task();
        } finally {
          end();
        }
      },
    };
  }

  private tenantOf(id: string): TenantQueue {
    return this.tenants.get(id) ?? new TenantQueue(id);
  }

  private forgetIfUnused(tenant: TenantQueue): void {
    if (tenant.places === 0 && tenant.running === 0) this.tenants.delete(tenant.id);
  }

  private isFree(tenant: TenantQueue): boolean {
    const { concurrency, tenantConcurrency } = this.limits;
    return this.running < concurrency && tenant.running < tenantConcurrency;
  }

  /** A task that a free slot waits for always starts: its duration corrects an average that was too high. */
  private assertStartsInTime(tenant: TenantQueue, source: SourceQueue): void {
    const { concurrency, tenantConcurrency, capacity, tenantCapacity, sourceCapacity, deadlineMs } =
      this.limits;
    const hasSlot =
      this.running + this.places < concurrency &&
      tenant.running + tenant.places < tenantConcurrency;
    if (hasSlot) return;
    const ofTenant = countTurns(tenant.sources.values(), source, source.places);
    const ofAll = countTurns(this.tenants.values(), tenant, ofTenant);
    const turns = Math.max((ofTenant + 1) / tenantConcurrency, (ofAll + 1) / concurrency);
    const waitMs = turns * this.averageMs;
    const hasRoom =
      this.places < capacity &&
      tenant.places < tenantCapacity &&
      source.places < sourceCapacity &&
      waitMs <= deadlineMs;
    if (!hasRoom) throw busy(waitMs);
  }

  /** Takes a free slot, or waits for one. In either case the place is left before the task starts. */
  private turnOf(
    tenant: TenantQueue,
    source: SourceQueue,
    { enteredAt, leave, signal }: Waiting,
  ): EndTask | Promise<EndTask> {
    if (signal?.aborted === true) {
      leave();
      return Promise.reject(signal.reason as Error);
    }
    if (this.isFree(tenant)) {
      const end = this.started(tenant);
      leave();
      return end;
    }
    return new Promise<EndTask>((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        leave();
      };
      const task: WaitingTask = {
        enteredAt,
        start: () => {
          const end = this.started(tenant);
          settle();
          resolve(end);
        },
        refuse: (reason) => {
          settle();
          reject(reason);
        },
      };
      const abandon = (reason: unknown): void => {
        this.remove(tenant, source, task);
        task.refuse(reason);
      };
      const onAbort = (): void => abandon(signal?.reason);
      const { deadlineMs } = this.limits;
      const timer = Number.isFinite(deadlineMs)
        ? setTimeout(() => abandon(busy(this.averageMs)), deadlineMs)
        : undefined;
      signal?.addEventListener('abort', onAbort, { once: true });
      source.ready.push(task);
      this.ready += 1;
      tenant.turns.add(source);
      this.addIfMayRun(tenant);
    });
  }

  private remove(tenant: TenantQueue, source: SourceQueue, task: WaitingTask): void {
    source.ready.splice(source.ready.indexOf(task), 1);
    this.ready -= 1;
    if (source.ready.length === 0) tenant.turns.delete(source);
    if (tenant.turns.isEmpty) this.turns.delete(tenant);
  }

  private addIfMayRun(tenant: TenantQueue): void {
    if (!tenant.turns.isEmpty && tenant.running < this.limits.tenantConcurrency)
      this.turns.add(tenant);
  }

  private started(tenant: TenantQueue): EndTask {
    this.running += 1;
    tenant.running += 1;
    const startedAt = this.now();
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      this.averageMs += (this.now() - startedAt - this.averageMs) * NEWEST_WEIGHT;
      this.running -= 1;
      tenant.running -= 1;
      this.addIfMayRun(tenant);
      this.forgetIfUnused(tenant);
      this.startNext();
    };
  }

  private startNext(): void {
    while (this.running < this.limits.concurrency) {
      const tenant = this.turns.take();
      if (tenant === undefined) return;
      this.takeTask(tenant)?.start();
      this.addIfMayRun(tenant);
    }
  }

  /** The task of the tenant whose turn it is. One that has waited for too long is refused instead. */
  private takeTask(tenant: TenantQueue): WaitingTask | undefined {
    const source = tenant.turns.take();
    const task = source?.ready.shift();
    if (source === undefined || task === undefined) return undefined;
    this.ready -= 1;
    if (source.ready.length > 0) tenant.turns.add(source);
    if (this.now() - task.enteredAt <= this.limits.deadlineMs) return task;
    task.refuse(busy(this.averageMs));
    return undefined;
  }
}

/** How many tasks go before the one at `position` of a queue: those before it, and as many and one more of each other queue. */
function countTurns<Queue extends { places: number }>(
  queues: Iterable<Queue>,
  own: Queue,
  position: number,
): number {
  let ahead = position;
  for (const queue of queues) if (queue !== own) ahead += Math.min(queue.places, position + 1);
  return ahead;
}

function busy(waitMs: number): ApiError {
  return new ApiError('SERVICE_BUSY', { retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)) });
}
