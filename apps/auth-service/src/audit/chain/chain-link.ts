import { createHash } from 'node:crypto';
import type { AuditEntry, EntryKey } from '../audit-entry.js';
import { canonicalJson, type Json } from './canonical-json.js';

/** The version of the format of entries and links. A change of either needs a new version. */
export const CHAIN_FORMAT = 'poc-tracker-audit/1';

/** The previous hash of the first link. */
const GENESIS_HASH = '0'.repeat(64);

/** An entry's link in the hash chain of its tenant. Hashes are SHA-256 in lower-case hexadecimal. */
export interface ChainLink {
  position: number;
  /** When the link was appended: ISO 8601, UTC, with microseconds. */
  chainedAt: string;
  /** Hash of the canonical JSON of the entry. */
  entryHash: string;
  /** `hash` of the previous position; zeros at position 1. */
  previousHash: string;
  /** Hash of the canonical JSON of the other fields and of the entry's key: see {@link linkHash}. */
  hash: string;
}

/** The last link of a chain. Stored elsewhere as a checkpoint, it shows whether anything before it has changed. */
export interface ChainHead {
  position: number;
  hash: string;
}

export const EMPTY_CHAIN: ChainHead = { position: 0, hash: GENESIS_HASH };

export function entryHash(entry: AuditEntry): string {
  return sha256(entry as unknown as Json);
}

export function linkHash(key: EntryKey, link: Omit<ChainLink, 'hash'>): string {
  return sha256({
    format: CHAIN_FORMAT,
    tenantId: key.tenantId,
    position: link.position,
    entryTable: key.table,
    entryId: key.id,
    entryHash: link.entryHash,
    previousHash: link.previousHash,
    chainedAt: link.chainedAt,
  });
}

/** Makes the link that appends an entry to the chain that ends with `head`. */
export function linkEntry(entry: AuditEntry, head: ChainHead, chainedAt: Date): ChainLink {
  const link = {
    position: head.position + 1,
    chainedAt: chainedAt.toISOString().replace('Z', '000Z'),
    entryHash: entryHash(entry),
    previousHash: head.hash,
  };
  return { ...link, hash: linkHash(entry, link) };
}

function sha256(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
