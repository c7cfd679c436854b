import { MAX_UUID, NIL_UUID } from '@poc-tracker/contracts';
import type { PlatformDatabase, SqlRunner } from '@poc-tracker/tenancy';
import { CHAIN_FORMAT, type ChainHead, EMPTY_CHAIN } from './chain-link.js';
import type { AuditLogLine } from './audit-log-line.js';
import { readHead, readChainedPage, readPendingPage } from './audit-log-page.repository.js';
import { readUnqueuedPage } from './chain.repository.js';

/** Entries per statement. */
const PAGE = 1_000;

/** Statement timeout in milliseconds: the search for entries without a link is slow in a log of many millions. */
const STATEMENT_MS = 10 * 60_000;

/**
 * Reads a tenant's whole audit log in the format of an export, page by page on the operators' login.
 * @throws AuditLogPruned if the retention job overtakes the reader.
 */
export async function* storedAuditLog(
  database: PlatformDatabase,
  tenantId: string,
): AsyncGenerator<AuditLogLine> {
  const read = <T>(work: (transaction: SqlRunner) => Promise<T>): Promise<T> =>
    database.transaction({ tenantId: null, operatorId: null }, work, {
      statementTimeoutMs: STATEMENT_MS,
    });
  const end = await read((transaction) => readHead(transaction, tenantId));
  yield {
    kind: 'header',
    format: CHAIN_FORMAT,
    algorithm: 'sha256',
    tenantId,
    from: null,
    to: null,
    exportedAt: new Date().toISOString(),
    firstPosition: 1,
    head: end,
  };
  const range = { tenantId, firstPosition: 1, lastPosition: end.position, endId: MAX_UUID };
  let head: ChainHead = EMPTY_CHAIN;
  let [chained, pending] = [0, 0];
  for (let more = true; more;) {
    const after = head.position;
    const page = await read((transaction) => readChainedPage(transaction, range, after, PAGE));
    yield* page.pruned;
    yield* page.links;
    const last = page.links.at(-1);
    if (last !== undefined) head = { position: last.position, hash: last.hash };
    chained += page.links.length;
    more = page.links.length === PAGE;
  }
  // Entries that were appended in the meantime are in neither of these lists and are not verified this time.
  for (const readPage of [readPendingPage, readUnqueuedPage]) {
    let after = NIL_UUID;
    for (let more = true; more;) {
      const page = await read((transaction) => readPage(transaction, range, after, PAGE));
      yield* page;
      after = page.at(-1)?.entryId ?? after;
      pending += page.length;
      more = page.length === PAGE;
    }
  }
  yield { kind: 'trailer', chained, pending, head };
}
