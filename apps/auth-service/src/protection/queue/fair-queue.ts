import { ApiError } from '@poc-tracker/contracts';

export interface FairQueueLimits {
  /** Maximum number of running tasks. */
  concurrency: number;
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

/** A place in the queue. Call `run` once or `leave`; `leave` after `run` does nothing. */
export interface Place {
  /**
   * Runs the task when its turn comes, and returns its result or throws its error.
   * @throws ApiError SERVICE_BUSY if the turn does not come before the deadline; the reason of `signal` if it is aborted.
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
  /** The sum of its sources. */
  places = 0;
  readonly sources = new Map<string, SourceQueue>();
  readonly turns = new Rotation<SourceQueue>();
}

/**
 * Runs expensive tasks with limited concurrency. Tenants take turns, and so do the sources of a tenant, in order of arrival
 * within a source: a burst of one delays a task of another by one turn. A task that would not start before the deadline is
 * refused at once.
 */
export class FairQueue {
  private running = 0;
  private places = 0;
  private averageMs = 0;
  private readonly tenants = new Map<string, TenantQueue>();
  private readonly turns = new Rotation<TenantQueue>();

  /** @param now a monotonic clock in milliseconds, which a test can move */
  constructor(
    private readonly limits: FairQueueLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * `enter` and `run` in one call, for a task that is ready.
   * @throws ApiError SERVICE_BUSY immediately, without running the task, if it cannot start in time
   */
  async run<T>(owner: TaskOwner, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.enter(owner, signal).run(task);
  }

  /**
   * Takes a place before the task is ready, so that one that would be refused is not prepared in vain.
   * @param signal ends the wait, such as when the client has disconnected
   * @throws ApiError SERVICE_BUSY if the task cannot start in time
   */
  enter(owner: TaskOwner, signal?: AbortSignal): Place {
    const tenant = this.tenants.get(owner.tenant) ?? new TenantQueue();
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
      if (tenant.places === 0) this.tenants.delete(owner.tenant);
    };
    const enteredAt = this.now();
    return {
      leave,
      run: async <T>(task: () => Promise<T>): Promise<T> => {
        const turn = this.turnOf(tenant, source, { enteredAt, leave, signal });
        if (turn !== undefined) await turn;
        return this.measured(task);
      },
    };
  }

  /** A task that a free slot waits for always starts: its duration corrects an average that was too high. */
  private assertStartsInTime(tenant: TenantQueue, source: SourceQueue): void {
    const { concurrency, capacity, tenantCapacity, sourceCapacity, deadlineMs } = this.limits;
    if (this.running + this.places < concurrency) return;
    const waitMs = ((this.countAhead(tenant, source) + 1) * this.averageMs) / concurrency;
    const hasRoom =
      this.places < capacity &&
      tenant.places < tenantCapacity &&
      source.places < sourceCapacity &&
      waitMs <= deadlineMs;
    if (!hasRoom) throw busy(waitMs);
  }

  /** The number of tasks whose turn comes before that of a new one: of every other queue one more than of its own. */
  private countAhead(tenant: TenantQueue, source: SourceQueue): number {
    const withinTenant = countTurns(tenant.sources.values(), source, source.places);
    return countTurns(this.tenants.values(), tenant, withinTenant);
  }

  /** Takes a free slot, or waits for one. In either case the place is left before the task starts. */
  private turnOf(
    tenant: TenantQueue,
    source: SourceQueue,
    { enteredAt, leave, signal }: Waiting,
  ): Promise<void> | undefined {
    if (signal?.aborted !== true && this.running < this.limits.concurrency) {
      leave();
      this.running += 1;
      return undefined;
    }
    return new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        signal?.removeEventListener('abort', onAbort);
        leave();
        settle();
      };
      const task: WaitingTask = {
        enteredAt,
        start: () => end(resolve),
        refuse: (reason) => end(() => reject(reason)),
      };
      const onAbort = (): void => {
        source.ready.splice(source.ready.indexOf(task), 1);
        if (source.ready.length === 0) tenant.turns.delete(source);
        task.refuse(signal?.reason);
      };
      source.ready.push(task);
      tenant.turns.add(source);
      this.turns.add(tenant);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  private async measured<T>(task: () => Promise<T>): Promise<T> {
    const startedAt = this.now();
    try {
      return await task();
    } finally {
      const elapsed = this.now() - startedAt;
      this.averageMs += (elapsed - this.averageMs) * NEWEST_WEIGHT;
      this.passOn();
    }
  }

  /**
   * Passes the slot directly to the next task. If it were freed first, a new task could take it as
   * well.
   */
  private passOn(): void {
    const next = this.nextInTime();
    if (next === undefined) this.running -= 1;
    else next.start();
  }

  /** The task whose turn it is. Refuses those before it that have waited for too long. */
  private nextInTime(): WaitingTask | undefined {
    for (;;) {
      const tenant = this.turns.take();
      if (tenant === undefined) return undefined;
      const source = tenant.turns.take();
      const task = source?.ready.shift();
      if (source !== undefined && source.ready.length > 0) tenant.turns.add(source);
      if (!tenant.turns.isEmpty) this.turns.add(tenant);
      if (task === undefined) continue;
      if (this.now() - task.enteredAt <= this.limits.deadlineMs) return task;
      task.refuse(busy(this.averageMs));
    }
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
