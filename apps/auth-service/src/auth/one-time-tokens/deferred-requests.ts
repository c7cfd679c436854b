import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import {
  contextWithoutRights,
  currentOwner,
  currentRequest,
  FairQueue,
  runInRequestContext,
  TenantDatabase,
} from '@poc-tracker/tenancy';
import { type UserRecord, UserService } from '../../user/user.service.js';

/** Connections that deferred work may use at a time, and of those one for a tenant. */
const CONCURRENCY = 2;

/** Each holds a closure of about a kilobyte. A task takes milliseconds, so these are done within seconds. */
const MAX_WAITING = 1_000;
const MAX_WAITING_OF_TENANT = 200;
const MAX_WAITING_OF_SOURCE = 50;
const MAX_WAIT_MS = 30_000;

/**
 * Does the work of a request after its answer, for routes whose answer must not tell whether an account exists: neither by its
 * text nor by its time. A process that is stopped finishes the work first; one that is killed loses it, and the user asks again.
 */
@Injectable()
export class DeferredRequests implements OnApplicationShutdown {
  private readonly logger = new Logger(DeferredRequests.name);
  private readonly running = new Set<Promise<void>>();
  private readonly queue = new FairQueue({
    concurrency: CONCURRENCY,
    tenantConcurrency: 1,
    capacity: MAX_WAITING,
    tenantCapacity: MAX_WAITING_OF_TENANT,
    sourceCapacity: MAX_WAITING_OF_SOURCE,
    deadlineMs: MAX_WAIT_MS,
  });

  constructor(
    private readonly users: UserService,
    private readonly database: TenantDatabase,
  ) {}

  /**
   * Accepts work for the active user with an address, in a transaction of that user. Without such a user nothing is done.
   * @throws ApiError SERVICE_BUSY.
   */
  acceptFor(
    { id: tenantId }: Pick<TenantSnapshot, 'id'>,
    email: string,
    work: (user: UserRecord) => Promise<void>,
  ): void {
    this.accept(async () => {
      const found = await this.database.transaction(contextWithoutRights(tenantId), () =>
        this.users.findActiveId(email),
      );
      if (found === null) return;
      await this.database.transaction(contextWithoutRights(tenantId, found), async () => {
        const user = await this.users.find(found);
        if (user?.status === 'active') await work(user);
      });
    });
  }

  /**
   * Accepts work for after the answer. It runs in a context like that of the request, so that the audit log names its client.
   * @throws ApiError SERVICE_BUSY if too much work waits, before anything is known about the account.
   */
  private accept(work: () => Promise<void>): void {
    const place = this.queue.enter(currentOwner());
    const context = { ...currentRequest() };
    const task = runInRequestContext(context, async () => {
      try {
        await setImmediate();
        await place.run(work);
      } catch (error) {
        this.logger.error(`The work of the request ${context.requestId} failed: ${String(error)}`);
      } finally {
        place.leave();
      }
    });
    this.running.add(task);
    void task.then(() => this.running.delete(task));
  }

  /** Waits for what was accepted. Before TenancyModule, which is global, closes the pool: Nest ends global modules last. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.running);
  }
}
