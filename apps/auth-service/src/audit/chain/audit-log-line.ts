import type { AuditEntry } from '../audit-entry.js';
import type { ChainHead, ChainLink } from './chain-link.js';

/** The first line of an exported audit log. */
export interface AuditLogHeader {
  kind: 'header';
  format: string;
  algorithm: 'sha256';
  tenantId: string;
  /** The requested time range; null: no limit. */
  from: string | null;
  to: string | null;
  exportedAt: string;
  /** The position of the first chained line; 1 for a whole log, even if its first entries were deleted. */
  firstPosition: number;
  /** The head of the chain at the time of the export. */
  head: ChainHead;
}

/**
 * Stands for the entries up to this position, which were deleted after the retention period. It precedes the chained lines;
 * the first of them continues from this hash. If there are several, the last one counts.
 */
export interface PrunedLine extends ChainHead {
  kind: 'pruned';
}

/** A link of the chain with its entry. The entry is null if it no longer exists. */
export interface ChainedLine extends ChainLink {
  kind: 'chained';
  /** The entry that the link refers to, whether it exists or not. */
  entryId: string;
  entryTable: AuditEntry['table'];
  entry: AuditEntry | null;
}

/** An entry that is not in the chain: `queued` says whether it waits to be appended. */
export interface PendingLine {
  kind: 'pending';
  entryId: string;
  queued: boolean;
  entry: AuditEntry | null;
}

/** The last line. A file without it is truncated. */
export interface AuditLogTrailer {
  kind: 'trailer';
  /** Number of chained and of pending lines. */
  chained: number;
  pending: number;
  head: ChainHead;
}

export type AuditLogLine =
  AuditLogHeader | PrunedLine | ChainedLine | PendingLine | AuditLogTrailer;
