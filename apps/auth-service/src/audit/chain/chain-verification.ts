import type { AuditEntry } from '../audit-entry.js';
import type { Json } from './canonical-json.js';
import { CHAIN_FORMAT, type ChainHead, EMPTY_CHAIN, entryHash, linkHash } from './chain-link.js';
import type {
  AuditLogHeader,
  AuditLogLine,
  AuditLogTrailer,
  ChainedLine,
  PendingLine,
  PrunedLine,
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
  /** The last link so far. Before the first one: what it must continue from, without a hash if that is not known. */
  private head: ChainHead = EMPTY_CHAIN;
  private pruned: PrunedLine | undefined;
  /** The last position up to which entries of the log say that entries are deleted, and the hash there. */
  private announced: ChainHead = EMPTY_CHAIN;
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
    else if (line.kind === 'pruned') this.takePruned(line);
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
    if (header.firstPosition !== 1) this.head = { position: header.firstPosition - 1, hash: '' };
  }

  private takePruned(line: PrunedLine): void {
    if (this.first !== null || line.position < this.head.position) {
      this.find(
        line.position,
        'removed',
        'only the first entries are deleted after their retention',
      );
      return;
    }
    this.pruned = line;
    this.head = { position: line.position, hash: line.hash };
    if (this.expectation.head?.position === line.position)
      this.checkpointMatches = this.expectation.head.hash === line.hash;
  }

  private takeChained(line: ChainedLine, { tenantId }: AuditLogHeader): void {
    const expected = this.head.position + 1;
    if (line.position > expected) {
      const gap = line.position - 1 === expected ? '' : ` to ${line.position - 1}`;
      this.find(expected, 'removed', `position ${expected}${gap} is missing from the chain`);
    } else if (line.position < expected) {
      this.find(line.position, 'reordered', `position ${line.position} follows ${expected - 1}`);
    }
    const before = this.head.hash === '' ? line.previousHash : this.head.hash;
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
    this.noteAnnouncement(line.entry);
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

  private noteAnnouncement(entry: ChainedLine['entry']): void {
    const announced = entry === null ? undefined : announcedIn(entry);
    if (announced !== undefined && announced.position > this.announced.position)
      this.announced = announced;
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
    if (this.header.to === null) this.comparePruned();
    const { head } = this.expectation;
    if (head === undefined || head.position === 0 || this.checkpointMatches) return;
    if (head.position > this.head.position)
      this.find(head.position, 'truncated', 'the chain ends before the expected head');
    else if (this.pruned !== undefined && head.position < this.pruned.position)
      this.find(head.position, 'truncated', 'the expected head was deleted after its retention');
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
    const reached =
      empty && this.pruned === undefined
        ? head.position === firstPosition - 1
        : isSame(head, this.head);
    if (to === null && !reached)
      this.find(null, 'truncated', 'the chain does not end with the head in the header');
  }

  /** The log itself contains, in its chain, which entries are deleted. Otherwise they were removed by someone else. */
  private comparePruned(): void {
    const { pruned, announced } = this;
    if (pruned === undefined) return;
    const covered = pruned.position < announced.position || isSame(pruned, announced);
    if (!covered)
      this.find(
        1,
        'removed',
        `no entry of the log announces that the entries up to position ${pruned.position} are deleted`,
      );
  }

  private find(position: number | null, problem: ChainFinding['problem'], message: string): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push({ position, problem, message });
  }
}

function isSame(one: ChainHead, other: ChainHead): boolean {
  return one.position === other.position && one.hash === other.hash;
}

/** The last position that an entry announces to be deleted after the retention period, and the hash there. */
function announcedIn({ type, details }: AuditEntry): ChainHead | undefined {
  const anchor = isObject(details) ? details['anchor'] : undefined;
  if (type !== 'audit.pruning_announced' || typeof anchor !== 'string') return undefined;
  const [, position, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(anchor) ?? [];
  return position === undefined || hash === undefined
    ? undefined
    : { position: Number(position), hash };
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
