import type { AuditEntry } from '../audit-entry.js';
import type { ChainHead, Seal } from './chain-link.js';

/** The first line of an exported trail. */
export interface AuditLogHeader {
  kind: 'header';
  format: string;
  algorithm: 'sha256';
  tenantId: string;
  /** The range of time that was asked for; null: no limit. */
  from: string | null;
  to: string | null;
  exportedAt: string;
  /** The first position that follows, and the end of the chain at the moment of the export. */
  firstPosition: number;
  head: ChainHead;
}

/** An entry in its place. The entry is null when the chain tells of one that is not there. */
export interface SealedLine extends Seal {
  kind: 'sealed';
  /** Which entry the chain means, whether it is there or not. */
  entryId: string;
  entryTable: AuditEntry['table'];
  entry: AuditEntry | null;
}

/** An entry that is not in the chain: too young, unless `waiting` says that nobody is going to seal it. */
export interface UnsealedLine {
  kind: 'unsealed';
  entryId: string;
  waiting: boolean;
  entry: AuditEntry | null;
}

/** The last line: without it, the file was cut off. */
export interface AuditLogTrailer {
  kind: 'trailer';
  sealed: number;
  unsealed: number;
  head: ChainHead;
}

export type AuditLogLine = AuditLogHeader | SealedLine | UnsealedLine | AuditLogTrailer;
