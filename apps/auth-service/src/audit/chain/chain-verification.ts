import { CHAIN_FORMAT, type ChainHead, EMPTY_CHAIN, entryHash, linkHash } from './chain-link.js';
import type {
  SealedLine,
  AuditLogHeader,
  AuditLogLine,
  AuditLogTrailer,
  UnsealedLine,
} from './audit-log-line.js';

/** What is wrong, where. */
export interface ChainFinding {
  /** The position in the chain; null for what has none. */
  position: number | null;
  problem: 'changed' | 'removed' | 'reordered' | 'inserted' | 'cut off' | 'unreadable';
  message: string;
}

export interface ChainReport {
  tenantId: string | null;
  intact: boolean;
  /** Entries of the chain that were read. */
  sealed: number;
  /** Entries that are too young to be in the chain: nothing is proved of them. */
  unsealed: number;
  firstPosition: number | null;
  head: ChainHead;
  /** The first of them, up to {@link MAX_FINDINGS}. */
  findings: ChainFinding[];
}

export interface ChainExpectation {
  /** A head that was kept elsewhere, which the trail must still pass through. */
  head?: ChainHead;
  /** True for a whole trail, which must begin at position 1; a part of one is taken as beginning where it says. */
  whole?: boolean;
}

const MAX_FINDINGS = 100;

/**
 * Holds a trail against its own hashes: finds entries that were changed, removed, inserted or reordered. Needs nothing
 * but the lines, which come from a file or from the database. What it cannot know is that the end was cut off, entries
 * and all: for this it takes a head that was kept elsewhere.
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
  private sealed = 0;
  private unsealed = 0;
  private metExpected = false;

  constructor(private readonly expectation: ChainExpectation) {}

  take(line: AuditLogLine): void {
    if (this.trailer !== undefined) {
      this.find(null, 'inserted', 'a line follows the last one of the export');
      return;
    }
    if (line.kind === 'header') this.begin(line);
    else if (this.header === undefined) this.find(null, 'unreadable', 'the header is missing');
    else if (line.kind === 'sealed') this.takeSealed(line, this.header);
    else if (line.kind === 'unsealed') this.takeUnsealed(line, this.header);
    else this.trailer = line;
  }

  end(): ChainReport {
    this.compareEnd();
    return {
      tenantId: this.header?.tenantId ?? null,
      intact: this.findings.length === 0,
      sealed: this.sealed,
      unsealed: this.unsealed,
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
      this.find(1, 'removed', 'the trail does not begin with its first entry');
  }

  private takeSealed(line: SealedLine, { tenantId, firstPosition }: AuditLogHeader): void {
    const begins = this.first === null;
    const expected = begins ? firstPosition : this.head.position + 1;
    if (line.position > expected) {
      const gap = line.position - 1 === expected ? '' : ` to ${line.position - 1}`;
      this.find(expected, 'removed', `the chain lacks position ${expected}${gap}`);
    } else if (line.position < expected) {
      this.find(line.position, 'reordered', `position ${line.position} follows ${expected - 1}`);
    }
    const before = begins && line.position !== 1 ? line.previousHash : this.head.hash;
    if (line.position === expected && line.previousHash !== before)
      this.find(line.position, 'changed', 'the link does not follow from the one before it');
    const sealed = { tenantId, id: line.entryId, table: line.entryTable };
    if (linkHash(sealed, line) !== line.hash)
      this.find(line.position, 'changed', 'the link was changed');
    this.compareEntry(line, tenantId);
    this.first ??= line.position;
    this.head = { position: line.position, hash: line.hash };
    this.sealed += 1;
    const { head } = this.expectation;
    if (head?.position === line.position) this.metExpected = head.hash === line.hash;
  }

  private compareEntry(
    { position, entry, entryId, entryTable, entryHash: told }: SealedLine,
    tenantId: string,
  ): void {
    if (entry === null) {
      this.find(position, 'removed', `the entry ${entryId} of ${entryTable} is gone`);
    } else if (
      entry.id !== entryId ||
      entry.table !== entryTable ||
      entry.tenantId !== tenantId ||
      entryHash(entry) !== told
    ) {
      this.find(position, 'changed', `the entry ${entryId} of ${entryTable} was changed`);
    }
  }

  private takeUnsealed(
    { entry, entryId, waiting }: UnsealedLine,
    { tenantId }: AuditLogHeader,
  ): void {
    this.unsealed += 1;
    if (entry === null) {
      this.find(null, 'removed', `the entry ${entryId}, which waits to be sealed, is gone`);
    } else if (!waiting || entry.tenantId !== tenantId) {
      this.find(
        null,
        'inserted',
        `the entry ${entryId} of ${entry.table} is not in the chain and does not wait to be sealed: ` +
          'it was put in beside the trail, or its link was removed',
      );
    }
  }

  private compareEnd(): void {
    if (this.header === undefined) {
      this.find(null, 'unreadable', 'there is no header');
      return;
    }
    this.compareTrailer(this.header);
    const { head } = this.expectation;
    if (head === undefined || head.position === 0 || this.metExpected) return;
    if (head.position > this.head.position)
      this.find(head.position, 'cut off', 'the trail ends before the head that was expected');
    else if (this.first !== null && head.position < this.first)
      this.find(head.position, 'cut off', 'the trail begins after the head that was expected');
    else this.find(head.position, 'changed', 'the head that was expected has another hash');
  }

  private compareTrailer({ to, head, firstPosition }: AuditLogHeader): void {
    const { trailer } = this;
    if (trailer === undefined) {
      this.find(null, 'cut off', 'the last line is missing');
      return;
    }
    const empty = this.sealed === 0;
    if (
      trailer.sealed !== this.sealed ||
      trailer.unsealed !== this.unsealed ||
      !(empty || isSame(trailer.head, this.head))
    ) {
      this.find(null, 'cut off', 'the last line tells of other entries than those before it');
    }
    const reached = empty ? head.position === firstPosition - 1 : isSame(head, this.head);
    if (to === null && !reached)
      this.find(null, 'cut off', 'the trail does not end with the head that its header names');
  }

  private find(position: number | null, problem: ChainFinding['problem'], message: string): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push({ position, problem, message });
  }
}

function isSame(one: ChainHead, other: ChainHead): boolean {
  return one.position === other.position && one.hash === other.hash;
}
