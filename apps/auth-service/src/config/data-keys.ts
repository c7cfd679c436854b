import { createSecretKey, type KeyObject } from 'node:crypto';
import type { EnvironmentReader } from '@poc-tracker/http-service';

/** A key that encrypts data of tenants in the database. */
export interface DataKey {
  /** Its name, which every encrypted value carries. */
  readonly id: string;
  /** 256 bits, for AES. */
  readonly key: KeyObject;
}

export const DATA_KEY_BYTES = 32;

const PAIR = /^([A-Za-z0-9][A-Za-z0-9_-]{0,31}):([A-Za-z0-9+/]{43}=)$/;

const EXAMPLE = '"2026-11:$(openssl rand -base64 32)"';

/** The keys in DATA_KEYS. The first one encrypts, and all decrypt. */
export function readDataKeys(reader: EnvironmentReader): DataKey[] {
  const pairs = (reader.secret('DATA_KEYS') ?? '')
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
  const keys = pairs.flatMap((pair) => parseDataKey(pair) ?? []);
  if (pairs.length === 0) reader.refuse('DATA_KEYS', 'is missing.', EXAMPLE);
  // The value is a secret, so the message does not repeat the part that is wrong.
  else if (keys.length < pairs.length)
    reader.refuse(
      'DATA_KEYS',
      `must list keys as id:key, each ${DATA_KEY_BYTES} random bytes in base64.`,
      EXAMPLE,
    );
  else if (new Set(keys.map(({ id }) => id)).size < keys.length)
    reader.refuse('DATA_KEYS', 'must not use an id twice.', EXAMPLE);
  return keys;
}

function parseDataKey(pair: string): DataKey | undefined {
  const [, id, text] = PAIR.exec(pair) ?? [];
  if (id === undefined || text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === DATA_KEY_BYTES ? { id, key: createSecretKey(bytes) } : undefined;
}
