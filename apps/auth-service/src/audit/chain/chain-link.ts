import { createHash } from 'node:crypto';
import type { AuditEntry, EntryTable } from '../audit-entry.js';
import { canonicalJson, type Json } from './canonical-json.js';

/** Names the form of entries and links together; whatever changes one of them needs a new name. */
export const CHAIN_FORMAT = 'poc-tracker-audit/1';

/** What stands before the first link. */
const GENESIS_HASH = '0'.repeat(64);

/** An entry's place in its tenant's chain. Hashes are SHA-256 in lower-case hexadecimal. */
export interface Seal {
  position: number;
  /** ISO 8601, UTC, with microseconds. */
  sealedAt: string;
  /** Of the canonical JSON of the entry. */
  entryHash: string;
  /** `hash` of the position before; zeros at position 1. */
  previousHash: string;
  /** Of the canonical JSON of this seal's other fields and of what they are about: see `linkHash`. */
  hash: string;
}

/** The end of a chain, by which anybody who has kept it can tell whether anything before it has changed. */
export interface ChainHead {
  position: number;
  hash: string;
}

export const EMPTY_CHAIN: ChainHead = { position: 0, hash: GENESIS_HASH };

/** What a link is about. */
interface Sealed {
  tenantId: string;
  id: string;
  table: EntryTable;
}

export function entryHash(entry: AuditEntry): string {
  return sha256(entry as unknown as Json);
}

export function linkHash(sealed: Sealed, seal: Omit<Seal, 'hash'>): string {
  return sha256({
    format: CHAIN_FORMAT,
    tenantId: sealed.tenantId,
    position: seal.position,
    entryTable: sealed.table,
    entryId: sealed.id,
    entryHash: seal.entryHash,
    previousHash: seal.previousHash,
    sealedAt: seal.sealedAt,
  });
}

/** Appends an entry to the chain that ends in `head`. */
export function sealEntry(entry: AuditEntry, head: ChainHead, sealedAt: Date): Seal {
  const seal = {
    position: head.position + 1,
    sealedAt: sealedAt.toISOString().replace('Z', '000Z'),
    entryHash: entryHash(entry),
    previousHash: head.hash,
  };
  return { ...seal, hash: linkHash(entry, seal) };
}

function sha256(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
