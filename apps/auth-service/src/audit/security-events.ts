import { ApiError } from '@poc-tracker/contracts';
import {
  type OnApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import {
  addressBlock,
  contextWithoutRights,
  FairQueue,
  findCurrentRequest,
  ownerOf,
  type SqlRunner,
  TenantDatabase,
} from '@poc-tracker/tenancy';
import { type RepeatedEvent, RepeatedEvents } from './events/repeated-events.js';
import type { EventOrigin, SecurityEvent } from './events/security-event.js';
import { insertEvent, insertEventForEach } from './events/security-event.repository.js';
import { toApiError } from '../constraint-codes.js';

export type { EventOrigin, SecurityEvent };

/**
 * Connections that refusals may use at a time. Each insert takes less than a millisecond, so a few connections record
 * thousands per second, and a burst of failed log-ins does not exhaust the pool.
 */
const OWN_TRANSACTION_CONCURRENCY = 4;

/** More than the password hashing queue can finish at once, and half of it for one tenant. */
const OWN_TRANSACTION_CAPACITY = 2_000;
const OWN_TRANSACTION_TENANT_CAPACITY = OWN_TRANSACTION_CAPACITY / 2;

/** Refused attempts of one address that a tenant's audit log shows one by one in a minute. Further ones are counted. */
const REFUSALS_PER_MINUTE = 10;

const FLUSH_MS = 5_000;

/** Records security events in a tenant's audit log. Triggers record the changes of rows; AuditLogService reads both. */
@Injectable()
export class SecurityEvents implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SecurityEvents.name);
  private readonly repeated = new RepeatedEvents((...event) =>
    this.recordInOwnTransaction(...event),
  );
  private timer: NodeJS.Timeout | undefined;
  private readonly queue = new FairQueue({
    concurrency: OWN_TRANSACTION_CONCURRENCY,
    tenantConcurrency: OWN_TRANSACTION_CONCURRENCY,
    capacity: OWN_TRANSACTION_CAPACITY,
    tenantCapacity: OWN_TRANSACTION_TENANT_CAPACITY,
    sourceCapacity: OWN_TRANSACTION_TENANT_CAPACITY,
    // A refusal is recorded however long that takes: the request has its own timeout.
    deadlineMs: Number.POSITIVE_INFINITY,
  });

  constructor(private readonly database: TenantDatabase) {}

  onApplicationBootstrap(): void {
    const flush = (): void => {
      this.repeated.flushEnded().catch((error: unknown) => {
        this.logger.warn(`Repeated events were not recorded: ${String(error)}`);
      });
    };
    this.timer = setInterval(flush, FLUSH_MS).unref();
  }

  /** After the last response, and before TenancyModule, which is global, closes the pool: Nest ends global modules last. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.repeated.flushAll();
  }

  /** Records in the transaction of the request: the event is stored if and only if it commits. */
  async record(event: Omit<SecurityEvent, 'tenantId'>): Promise<void> {
    await this.recordIn(this.database, event);
  }

  /** The same in this transaction: a request's, an operator's, or that of scheduled work. */
  async recordIn(transaction: SqlRunner, event: SecurityEvent): Promise<void> {
    await insertEvent(transaction, event, currentOrigin());
  }

  /**
   * Records a refusal in its own transaction, so that it stays although the request is rolled back.
   * Call it before the request's first statement or after its transaction.
   * @throws ApiError SERVICE_BUSY if too many events wait; Error inside a transaction that uses a connection (see
   *   TenantDatabase.transaction).
   */
  async recordInOwnTransaction(
    tenantId: string,
    event: SecurityEvent,
    origin: EventOrigin = currentOrigin(),
  ): Promise<void> {
    const context = contextWithoutRights(tenantId, origin.actorId ?? null);
    await this.queue.run(ownerOf(tenantId, origin.client), () =>
      this.database.transaction(context, () => insertEvent(this.database, event, origin)),
    );
  }

  /** Records an event that a client can cause without limit: see {@link RepeatedEvents}. */
  async recordRepeated(repeated: RepeatedEvent): Promise<void> {
    await this.repeated.record(repeated);
  }

  /** Records a refusal in its own transaction. Many of one address are counted. */
  async recordRefusal(tenantId: string, event: SecurityEvent): Promise<void> {
    const origin = currentOrigin();
    const source = addressBlock(origin.client?.ipAddress ?? '');
    await this.recordRepeated({ tenantId, event, origin, source, rows: REFUSALS_PER_MINUTE });
  }

  /**
   * Runs `work`, outside of a transaction. If it fails with a client error other than VALIDATION_ERROR, records the event
   * of the refusal and throws the error again.
   */
  async recordingRefusal<T>(
    tenantId: string,
    work: () => Promise<T>,
    eventOf: (refusal: ApiError) => SecurityEvent,
  ): Promise<T> {
    return withRefusalRecorded(work, async (refusal) => {
      if (refusal.code === 'VALIDATION_ERROR') return;
      await this.recordRefusal(tenantId, eventOf(refusal));
    });
  }

  /** Records the event in the audit log of each of these tenants, with the tenant as its target, in one statement. */
  async recordForEach(
    transaction: SqlRunner,
    tenantIds: readonly string[],
    event: Omit<SecurityEvent, 'target' | 'tenantId'>,
  ): Promise<void> {
    await insertEventForEach(transaction, tenantIds, event, currentOrigin());
  }
}

/**
 * Runs `work`. If it fails with a client error, which may be one of the database, records the refusal and throws the error
 * again. `record` runs after the transaction of `work` was rolled back, so the entry stays.
 */
export async function withRefusalRecorded<T>(
  work: () => Promise<T>,
  record: (refusal: ApiError) => Promise<void>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof ApiError ? error : toApiError(error);
    if (refusal !== undefined && refusal.status < 500) await record(refusal);
    throw error;
  }
}

/** Empty for scheduled work and the command line. */
function currentOrigin(): EventOrigin {
  const request = findCurrentRequest();
  return { requestId: request?.requestId, client: request?.client, actorId: request?.user?.id };
}
