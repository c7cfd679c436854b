import { setImmediate } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import {
  contextWithoutRights,
  currentOwner,
  currentRequest,
  DatabaseTenantLookup,
  FairQueue,
  ownerOf,
  type Place,
  type RequestContext,
  runInRequestContext,
  TenantDatabase,
  uuidv7,
} from '@poc-tracker/tenancy';
import { Scheduler } from '../../schedule/scheduler.js';
import { type UserRecord, UserService } from '../../user/user.service.js';
import type { MailRequest, MailRequestKind } from './mail-request.js';
import { type LeftRequest, MailRequestRepository } from './mail-request.repository.js';

/** Connections that the work may use at a time, and of those one for a tenant. */
const CONCURRENCY = 2;

/** Each holds a closure of about a kilobyte. A task takes milliseconds, so these are done within seconds. */
const MAX_WAITING = 1_000;
const MAX_WAITING_OF_TENANT = 200;
const MAX_WAITING_OF_SOURCE = 50;
const MAX_WAIT_MS = 30_000;

/** Longer than a request waits and its work takes, so that another process takes over only what is left. */
const LEASE_MS = 2 * MAX_WAIT_MS;

const RESUME_EVERY_MS = 10_000;

/** Requests that are taken over at once. The next run continues. */
const MAX_RESUMED = 200;

/** Adds the mail of a request to the outbox, in a transaction of the user. */
type Work = (user: UserRecord, tenant: TenantSnapshot, request: MailRequest) => Promise<void>;

interface AcceptedRequest {
  readonly id: string;
  readonly kind: MailRequestKind;
  readonly tenant: TenantSnapshot;
  readonly request: MailRequest;
}

/**
 * Requests for a mail, whose answer must not tell whether an account exists: neither by its text nor by its time. Each is stored,
 * answered, and worked off at once. One that is left because its process was killed is worked off by another process after at
 * most 80 seconds. Its mail is added to the outbox in the transaction that deletes the request: once.
 */
@Injectable()
export class MailRequests implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(MailRequests.name);
  private readonly works = new Map<MailRequestKind, Work>();
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
    private readonly requests: MailRequestRepository,
    private readonly users: UserService,
    private readonly database: TenantDatabase,
    private readonly tenants: DatabaseTenantLookup,
    private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.scheduler.register({
      name: 'resume-mail-requests',
      everyMs: RESUME_EVERY_MS,
      run: () => this.resume(),
    });
  }

  /** Names what is done for the active user of a request. Call it in `onModuleInit`. */
  register(kind: MailRequestKind, work: Work): void {
    this.works.set(kind, work);
  }

  /**
   * Stores a request. Its work is done after the answer; for an address without an active user, nothing is done.
   * @throws ApiError SERVICE_BUSY if too many requests wait, before anything is known about the account.
   */
  async accept(tenant: TenantSnapshot, kind: MailRequestKind, request: MailRequest): Promise<void> {
    const place = this.queue.enter(currentOwner());
    const context = { ...currentRequest() };
    const accepted = { id: uuidv7(), kind, tenant, request };
    try {
      await this.store(accepted, context);
    } catch (error) {
      place.leave();
      throw error;
    }
    this.start(place, accepted, context);
  }

  /** Works off the requests of processes that have not done it before the lease ended. */
  async resume(): Promise<void> {
    for (const left of await this.requests.takeOver(LEASE_MS, MAX_RESUMED)) {
      try {
        await this.resumeOne(left);
      } catch (error) {
        // It is tried again when the lease has ended.
        this.logger.error(`The request ${left.id} for a mail was not resumed: ${String(error)}`);
      }
    }
  }

  /** Waits for what is in progress. Before TenancyModule, which is global, closes the pool: Nest ends global modules last. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.running);
  }

  private async store(
    { id, kind, tenant, request }: AcceptedRequest,
    { requestId, client }: RequestContext,
  ): Promise<void> {
    const stored = { request, requestId, ...(client !== undefined && { client }) };
    const isAdded = await this.database.transaction(contextWithoutRights(tenant.id), () =>
      this.requests.add({ tenantId: tenant.id, id, kind }, stored, LEASE_MS),
    );
    if (!isAdded) throw new ApiError('SERVICE_BUSY', { retryAfter: LEASE_MS / 1_000 });
  }

  private async resumeOne(left: LeftRequest): Promise<void> {
    const { request, requestId, client } = this.requests.contentOf(left);
    const tenant = await this.tenants.find({ id: left.tenantId });
    // A suspended tenant may be active again before the request expires.
    if (tenant?.status !== 'active') return;
    const place = this.queue.enter(ownerOf(tenant.id, client));
    const context = { requestId, tenant, ...(client !== undefined && { client }) };
    this.start(place, { id: left.id, kind: left.kind, tenant, request }, context);
  }

  /** In a context like that of the request, so that the audit log names its client. */
  private start(place: Place, accepted: AcceptedRequest, context: RequestContext): void {
    const task = runInRequestContext(context, async () => {
      try {
        await setImmediate();
        await place.run(() => this.workOff(accepted));
      } catch (error) {
        this.logger.error(
          `The work of the request ${context.requestId} failed, and is tried again: ${String(error)}`,
        );
      } finally {
        place.leave();
      }
    });
    this.running.add(task);
    void task.then(() => this.running.delete(task));
  }

  private async workOff({ id, kind, tenant, request }: AcceptedRequest): Promise<void> {
    const work = this.works.get(kind);
    if (work === undefined) throw new Error(`Nothing is registered for requests of ${kind}.`);
    const userId = await this.database.transaction(contextWithoutRights(tenant.id), async () => {
      const found = await this.users.findActiveId(request.email);
      if (found === null) await this.requests.take(id);
      return found;
    });
    if (userId === null) return;
    await this.database.transaction(contextWithoutRights(tenant.id, userId), async () => {
      if (!(await this.requests.take(id))) return;
      const user = await this.users.find(userId);
      if (user?.status === 'active') await work(user, tenant, request);
    });
  }
}
