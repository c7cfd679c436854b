import { CHAIN_FORMAT, type ChainHead, EMPTY_CHAIN, entryHash, linkHash } from './chain-link.js';
import type {
  AuditLogHeader,
  AuditLogLine,
  AuditLogTrailer,
  ChainedLine,
  PendingLine,
} from './audit-log-line.js';

export interface ChainFinding {
  /** Null if the problem has no position in the chain. */
  position: number | null;
  problem: 'changed' | 'removed' | 'reordered' | 'inserted' | 'truncated' | 'unreadable';
  message: string;
}

export interface ChainReport {
  tenantId: string | null;
  intact: boolean;
  /** Number of verified entries of the chain. */
  chained: number;
  /** Number of entries that are not in the chain yet. The chain does not protect them. */
  pending: number;
  firstPosition: number | null;
  head: ChainHead;
  /** At most {@link MAX_FINDINGS}. */
  findings: ChainFinding[];
}

export interface ChainExpectation {
  /** A checkpoint: an earlier head that the chain must still contain. */
  head?: ChainHead;
  /** True if the chain must start at position 1. Otherwise it may start where the header says. */
  whole?: boolean;
}

const MAX_FINDINGS = 100;

/**
 * Verifies an audit log against its hash chain: finds entries that were changed, removed, inserted or reordered. It needs
 * only the lines, from a file or from the database. It cannot detect that the last entries were removed together with
 * their links: that takes a checkpoint that was stored elsewhere.
 */
export async function verifyChain(
  lines: AsyncIterable<AuditLogLine>,
  expectation: ChainExpectation = {},
): Promise<ChainReport> {
  const verification = new ChainVerification(expectation);
  for await (const line of lines) verification.take(line);
  return verification.end();
}

class ChainVerification {
  private readonly findings: ChainFinding[] = [];
  private header: AuditLogHeader | undefined;
  private trailer: AuditLogTrailer | undefined;
  private first: number | null = null;
  private head: ChainHead = EMPTY_CHAIN;
  private chained = 0;
  private pending = 0;
  private checkpointMatches = false;

  constructor(private readonly expectation: ChainExpectation) {}

  take(line: AuditLogLine): void {
    if (this.trailer !== undefined) {
      this.find(null, 'inserted', 'a line follows the trailer');
      return;
    }
    if (line.kind === 'header') this.begin(line);
    else if (this.header === undefined) this.find(null, 'unreadable', 'the header is missing');
    else if (line.kind === 'chained') this.takeChained(line, this.header);
    else if (line.kind === 'pending') this.takePending(line, this.header);
    else this.trailer = line;
  }

  end(): ChainReport {
    this.compareEnd();
    return {
      tenantId: this.header?.tenantId ?? null,
      intact: this.findings.length === 0,
      chained: this.chained,
      pending: this.pending,
      firstPosition: this.first,
      head: this.head,
      findings: this.findings,
    };
  }

  private begin(header: AuditLogHeader): void {
    if (this.header !== undefined) {
      this.find(null, 'inserted', 'there is a second header');
      return;
    }
    this.header = header;
    if (header.format !== CHAIN_FORMAT)
      this.find(null, 'unreadable', `the format is not ${CHAIN_FORMAT}`);
    const whole = this.expectation.whole === true || header.from === null;
    if (whole && header.firstPosition !== 1)
      this.find(1, 'removed', 'the chain does not start with its first entry');
  }

  private takeChained(line: ChainedLine, { tenantId, firstPosition }: AuditLogHeader): void {
    const begins = this.first === null;
    const expected = begins ? firstPosition : this.head.position + 1;
    if (line.position > expected) {
      const gap = line.position - 1 === expected ? '' : ` to ${line.position - 1}`;
      this.find(expected, 'removed', `position ${expected}${gap} is missing from the chain`);
    } else if (line.position < expected) {
      this.find(line.position, 'reordered', `position ${line.position} follows ${expected - 1}`);
    }
    const before = begins && line.position !== 1 ? line.previousHash : this.head.hash;
    if (line.position === expected && line.previousHash !== before)
      this.find(
        line.position,
        'changed',
        'the previous hash of the link does not match the link before it',
      );
    const key = { tenantId, id: line.entryId, table: line.entryTable };
    if (linkHash(key, line) !== line.hash)
      this.find(line.position, 'changed', 'the link was changed');
    this.compareEntry(line, tenantId);
    this.first ??= line.position;
    this.head = { position: line.position, hash: line.hash };
    this.chained += 1;
    const { head } = this.expectation;
    if (head?.position === line.position) this.checkpointMatches = head.hash === line.hash;
  }

  private compareEntry(
    { position, entry, entryId, entryTable, entryHash: expected }: ChainedLine,
    tenantId: string,
  ): void {
    if (entry === null) {
      this.find(position, 'removed', `the entry ${entryId} of ${entryTable} does not exist`);
    } else if (
      entry.id !== entryId ||
      entry.table !== entryTable ||
      entry.tenantId !== tenantId ||
      entryHash(entry) !== expected
    ) {
      this.find(position, 'changed', `the entry ${entryId} of ${entryTable} was changed`);
    }
  }

  private takePending({ entry, entryId, queued }: PendingLine, { tenantId }: AuditLogHeader): void {
    this.pending += 1;
    if (entry === null) {
      this.find(null, 'removed', `the pending entry ${entryId} does not exist`);
    } else if (!queued || entry.tenantId !== tenantId) {
      this.find(
        null,
        'inserted',
        `the entry ${entryId} of ${entry.table} is neither in the chain nor queued for it: ` +
          'it was inserted without a link, or its link was removed',
      );
    }
  }

  private compareEnd(): void {
    if (this.header === undefined) {
      this.find(null, 'unreadable', 'the header is missing');
      return;
    }
    this.compareTrailer(this.header);
    const { head } = this.expectation;
    if (head === undefined || head.position === 0 || this.checkpointMatches) return;
    if (head.position > this.head.position)
      this.find(head.position, 'truncated', 'the chain ends before the expected head');
    else if (this.first !== null && head.position < this.first)
      this.find(head.position, 'truncated', 'the chain starts after the expected head');
    else this.find(head.position, 'changed', 'the hash at the expected head is different');
  }

  private compareTrailer({ to, head, firstPosition }: AuditLogHeader): void {
    const { trailer } = this;
    if (trailer === undefined) {
      this.find(null, 'truncated', 'the trailer is missing');
      return;
    }
    const empty = this.chained === 0;
    if (
      trailer.chained !== this.chained ||
      trailer.pending !== this.pending ||
      !(empty || isSame(trailer.head, this.head))
    ) {
      this.find(null, 'truncated', 'the trailer does not match the lines before it');
    }
    const reached = empty ? head.position === firstPosition - 1 : isSame(head, this.head);
    if (to === null && !reached)
      this.find(null, 'truncated', 'the chain does not end with the head in the header');
  }

  private find(position: number | null, problem: ChainFinding['problem'], message: string): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push({ position, problem, message });
  }
}

function isSame(one: ChainHead, other: ChainHead): boolean {
  return one.position === other.position && one.hash === other.hash;
}
