import type { Readable } from 'node:stream';
import { ApiError, MAX_UUID, NIL_UUID } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { currentPrincipal, type Principal, SessionStatusService } from '@poc-tracker/auth-kit';
import { boundedStream, Slots } from '@poc-tracker/http-service';
import { type SqlRunner, TenantDatabase } from '@poc-tracker/tenancy';
import type { AuditRangeQuery } from './audit.dto.js';
import { CHAIN_FORMAT, type ChainHead, EMPTY_CHAIN } from './chain/chain-link.js';
import type { AuditLogHeader, AuditLogLine } from './chain/audit-log-line.js';
import {
  readHead,
  readPositions,
  readChainedPage,
  readPendingPage,
  type AuditLogRange,
} from './chain/audit-log-page.repository.js';
import { SecurityEvents } from './security-events.js';
import { ID_SLACK_MS, uuidAt } from './uuid-range.js';

/**
 * Entries per transaction: each uses a connection for a few milliseconds, however slowly the client reads, and a page of entries of a
 * kilobyte keeps the process busy for as long.
 */
const PAGE = 100;

/** Exports at once. Each keeps up to two pages in memory while its client reads. */
const MAX_EXPORTS = { total: 20, each: { user: 2, tenant: 4 }, retryAfter: 30 };

interface Plan {
  header: AuditLogHeader;
  range: AuditLogRange;
}

/**
 * Exports the audit log as newline-delimited JSON that can be verified without the database. An export has every position
 * from the first to the last of its time range. This includes entries outside the range that were committed late, because
 * a chain with gaps cannot be verified.
 */
@Injectable()
export class AuditExport {
  private readonly slots = new Slots(MAX_EXPORTS);

  constructor(
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
    private readonly sessionStatus: SessionStatusService,
  ) {}

  /**
   * Streams the lines, page by page as the client reads them. The stream ends with a trailer or with an error, also when the
   * session ends, the user loses the permission, the client stops reading or entries are deleted before they were read.
   * @throws ApiError VALIDATION_ERROR for a range that ends before it starts; RATE_LIMIT_EXCEEDED or SERVICE_BUSY while too many
   *   exports run.
   */
  async open(principal: Principal, range: AuditRangeQuery): Promise<Readable> {
    const { from = null, to = null } = range;
    if (from !== null && to !== null && Date.parse(from) > Date.parse(to))
      throw ApiError.validation({ field: 'to', message: 'must not be before from' });
    const free = this.slots.take({ user: principal.userId, tenant: principal.tenantId });
    try {
      const plan = await this.plan(principal, from, to);
      return boundedStream(this.chunks(principal, plan), free);
    } catch (error) {
      free();
      throw error;
    }
  }

  private plan(principal: Principal, from: string | null, to: string | null): Promise<Plan> {
    // Before the stream starts, so that a refusal is an error response and not a truncated file.
    return this.reading(principal, async (transaction) => {
      const planned = await planExport(transaction, principal.tenantId, from, to);
      await this.events.record({
        type: 'audit.exported',
        result: 'success',
        target: { type: 'tenant', id: principal.tenantId },
        details: { from, to, ...planned.header.head },
      });
      return planned;
    });
  }

  private async *chunks(principal: Principal, { header, range }: Plan): AsyncGenerator<string> {
    yield toText([header]);
    let head: ChainHead = { position: range.firstPosition - 1, hash: EMPTY_CHAIN.hash };
    let [chained, pending] = [0, 0];
    for (let more = true; more;) {
      const page = await this.nextPage(principal, (transaction) =>
        readChainedPage(transaction, range, head.position, PAGE),
      );
      const last = page.links.at(-1);
      if (last !== undefined) head = { position: last.position, hash: last.hash };
      chained += page.links.length;
      more = page.links.length === PAGE;
      const lines = [...page.pruned, ...page.links];
      if (lines.length > 0) yield toText(lines);
    }
    let after = range.firstId;
    for (let more = true; more;) {
      const page = await this.nextPage(principal, (transaction) =>
        readPendingPage(transaction, range, after, PAGE),
      );
      after = page.at(-1)?.entryId ?? after;
      pending += page.length;
      more = page.length === PAGE;
      if (page.length > 0) yield toText(page);
    }
    yield toText([{ kind: 'trailer', chained, pending, head }]);
  }

  /** Without the permission, the database would return no rows, which would look like the end of the log. */
  private async nextPage<T>(
    principal: Principal,
    work: (transaction: SqlRunner) => Promise<T>,
  ): Promise<T> {
    const current = await currentPrincipal(principal, this.sessionStatus, {
      permissions: ['view_audit'],
    });
    return this.reading(current, work);
  }

  private reading<T>(
    principal: Principal,
    work: (transaction: SqlRunner) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(principal, () => work(this.database));
  }
}

async function planExport(
  transaction: SqlRunner,
  tenantId: string,
  from: string | null,
  to: string | null,
): Promise<Plan> {
  const head = await readHead(transaction, tenantId);
  const firstId = from === null ? NIL_UUID : uuidAt(Date.parse(from) - ID_SLACK_MS);
  const endId = to === null ? MAX_UUID : uuidAt(Date.parse(to) + ID_SLACK_MS);
  const positions =
    from === null && to === null
      ? { first: 1, last: head.position }
      : await readPositions(transaction, tenantId, firstId, endId);
  const lastPosition = to === null ? head.position : (positions?.last ?? 0);
  const firstPosition = from === null ? 1 : (positions?.first ?? lastPosition + 1);
  return {
    header: {
      kind: 'header',
      format: CHAIN_FORMAT,
      algorithm: 'sha256',
      tenantId,
      from,
      to,
      exportedAt: new Date().toISOString(),
      firstPosition,
      head,
    },
    range: { tenantId, firstPosition, lastPosition, firstId, endId },
  };
}

function toText(lines: readonly AuditLogLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
