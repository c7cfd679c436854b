import { currentRequestSignal, findCurrentRequest } from '../request/request-context.js';
import { type EndTask, FairQueue } from './fair-queue.js';
import { ownerOf } from './task-owner.js';

export interface ConnectionShares {
  poolMax: number;
  tenantShare?: number;
  requestTimeoutMs: number;
}

/** Percent. Half of the pool remains for all others, whatever the statements of one tenant wait for. */
const TENANT_SHARE = 50;

/** A request that waits for longer is better repeated: its client may have gone, and it uses memory here. */
const MAX_WAIT_MS = 5_000;

/** Requests that wait for a connection: in all, of one tenant, and of one client. They bound the memory of a burst. */
const MAX_WAITING = 2_000;
const MAX_WAITING_OF_TENANT = 500;
const MAX_WAITING_OF_SOURCE = 250;

/**
 * The order in which requests get the connections of a pool. Tenants take turns, and so do the clients of a tenant. A tenant
 * never uses more than its share: a statement that waits for a lock keeps its connection for seconds, so that a connection
 * of the others must be free before they ask for it.
 */
export class ConnectionTurns {
  private readonly queue: FairQueue;

  constructor({ poolMax, tenantShare = TENANT_SHARE, requestTimeoutMs }: ConnectionShares) {
    this.queue = new FairQueue({
      concurrency: poolMax,
      tenantConcurrency: Math.max(1, Math.ceil((poolMax * tenantShare) / 100)),
      capacity: MAX_WAITING,
      tenantCapacity: MAX_WAITING_OF_TENANT,
      sourceCapacity: MAX_WAITING_OF_SOURCE,
      deadlineMs: Math.min(MAX_WAIT_MS, requestTimeoutMs),
    });
  }

  get waiting(): number {
    return this.queue.waiting;
  }

  /**
   * Without a promise when a connection is free, as it mostly is: the promise would cost each request time.
   * @throws ApiError SERVICE_BUSY if no connection is free in time, also as a rejection
   */
  take(tenant: string): EndTask | Promise<EndTask> {
    const started = this.queue.tryStart(tenant);
    if (started !== undefined) return started;
    const owner = ownerOf(tenant, findCurrentRequest()?.client);
    return this.queue.enter(owner, currentRequestSignal()).start();
  }
}
