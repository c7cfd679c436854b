import { SeedRotationRepository } from '../../../apps/auth-service/src/factor/totp/seed-rotation.repository.js';
import { MailContentRotationRepository } from '../../../apps/auth-service/src/mail/outbox/mail-content-rotation.repository.js';
import { MailPasswordRotationRepository } from '../../../apps/auth-service/src/mail/settings/mail-password-rotation.repository.js';
import type {
  EncryptedColumn,
  EncryptedValue,
} from '../../../apps/auth-service/src/protection/encrypted-column.js';
import {
  DataCipher,
  UndecryptableDataError,
} from '../../../apps/auth-service/src/protection/data-cipher.js';
import type { DataKey } from '../../../apps/auth-service/src/config/data-keys.js';
import type { PlatformDatabase } from '@poc-tracker/tenancy';

/** Values that are read at once. Each is replaced in a transaction of its own, so no lock is held for long. */
const BATCH = 500;

export interface RotatedColumn {
  column: string;
  values: number;
  reencrypted: number;
  /** How many values each other key still encrypts, by its id. */
  otherKeys: Record<string, number>;
}

/**
 * Encrypts every value with the first key that another one has encrypted. A value that is read and replaced by the service
 * meanwhile keeps what the service wrote. Interrupted, it is simply run again.
 */
export async function rotateData(
  platform: PlatformDatabase,
  dataKeys: readonly DataKey[],
): Promise<RotatedColumn[]> {
  const cipher = new DataCipher({ dataKeys });
  const columns: EncryptedColumn[] = [
    new SeedRotationRepository(platform),
    new MailPasswordRotationRepository(platform),
    new MailContentRotationRepository(platform),
  ];
  const rotated: RotatedColumn[] = [];
  for (const column of columns) rotated.push(await rotateColumn(column, cipher));
  return rotated;
}

async function rotateColumn(column: EncryptedColumn, cipher: DataCipher): Promise<RotatedColumn> {
  let reencrypted = 0;
  for await (const value of valuesOf(column)) {
    if (cipher.keyIdOf(value.stored) === cipher.currentKeyId) continue;
    const next = reencrypt(cipher, value);
    if (next !== undefined && (await column.replace(value, next))) reencrypted += 1;
  }
  // Counted afterwards: an instance that still has the former list may have added some.
  const otherKeys: Record<string, number> = {};
  let values = 0;
  for await (const { stored } of valuesOf(column)) {
    values += 1;
    const id = cipher.keyIdOf(stored);
    if (id !== cipher.currentKeyId) otherKeys[id] = (otherKeys[id] ?? 0) + 1;
  }
  return { column: column.column, values, reencrypted, otherKeys };
}

/** Undefined for a value that no key of the list decrypts: it is counted, and the others go on. */
function reencrypt(cipher: DataCipher, { stored, context }: EncryptedValue): Buffer | undefined {
  try {
    return cipher.encrypt(cipher.decrypt(stored, context), context);
  } catch (error) {
    if (error instanceof UndecryptableDataError) return undefined;
    throw error;
  }
}

async function* valuesOf(column: EncryptedColumn): AsyncGenerator<EncryptedValue> {
  for (let batch = await column.list(undefined, BATCH); batch.length > 0;) {
    yield* batch;
    batch = await column.list(batch.at(-1), BATCH);
  }
}
