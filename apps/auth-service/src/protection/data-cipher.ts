import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { DataKey } from '../config/data-keys.js';

const ALGORITHM = 'aes-256-gcm';

/** The first byte of each value, so that another form can follow. */
const VERSION = 1;

/** 96 bits, as NIST SP 800-38D, 8.2.2 demands of random nonces. It limits a key to 2^32 values: replace keys before. */
const NONCE_BYTES = 12;

const TAG_BYTES = 16;

/** Thrown for a value that was altered, copied to another place, or encrypted with a key that is not in DATA_KEYS. */
export class UndecryptableDataError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UndecryptableDataError';
  }
}

/**
 * Encrypts secrets that the service has to read again, such as those of authenticator apps, before they are stored
 * (AES-256-GCM, NIST SP 800-38D). A stored value is: version (1 byte), length of the key's id (1), id, nonce (12), ciphertext,
 * tag (16).
 *
 * `context` names the place of the value, such as `user_factors.secret:<tenant>:<user>:<id>`, and is authenticated with it:
 * a value that was copied to another row is refused.
 */
@Injectable()
export class DataCipher {
  private readonly keys: ReadonlyMap<string, DataKey>;
  private readonly current: DataKey;

  /** @param config its first key encrypts, and all decrypt */
  constructor(@Inject(APP_CONFIG) { dataKeys }: Pick<AppConfig, 'dataKeys'>) {
    const [current] = dataKeys;
    if (current === undefined) throw new Error('There is no key to encrypt data with.');
    this.current = current;
    this.keys = new Map(dataKeys.map((key) => [key.id, key]));
  }

  /** The id of the key that encrypts. */
  get currentKeyId(): string {
    return this.current.id;
  }

  encrypt(plaintext: Buffer, context: string): Buffer {
    const { id, key } = this.current;
    const header = Buffer.concat([Buffer.of(VERSION, id.length), Buffer.from(id, 'latin1')]);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(additionalData(header, context));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([header, nonce, ciphertext, cipher.getAuthTag()]);
  }

  /** @throws UndecryptableDataError, which names the key and never the value */
  decrypt(stored: Buffer, context: string): Buffer {
    const { id, header, nonce, ciphertext, tag } = parse(stored);
    const key = this.keys.get(id);
    if (key === undefined) {
      throw new UndecryptableDataError(
        `A value is encrypted with the key ${id}, not in DATA_KEYS.`,
      );
    }
    const decipher = createDecipheriv(ALGORITHM, key.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(header, context));
    decipher.setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    } catch {
      throw new UndecryptableDataError(
        `A value of the key ${id} was altered, or belongs to another row.`,
      );
    }
  }

  /** The id of the key that encrypted the value. @throws UndecryptableDataError if it is no encrypted value */
  keyIdOf(stored: Buffer): string {
    return parse(stored).id;
  }
}

function additionalData(header: Buffer, context: string): Buffer {
  return Buffer.concat([header, Buffer.from(context)]);
}

function parse(stored: Buffer): Record<'header' | 'nonce' | 'ciphertext' | 'tag', Buffer> & {
  id: string;
} {
  const headerBytes = 2 + (stored[1] ?? 0);
  const id = stored.toString('latin1', 2, headerBytes);
  const complete = stored.length >= headerBytes + NONCE_BYTES + TAG_BYTES;
  // The id is printed, so bytes that are no id do not get that far.
  if (stored[0] !== VERSION || !complete || !/^[\w-]+$/.test(id)) {
    throw new UndecryptableDataError('A value has not the form of an encrypted one.');
  }
  const nonceEnd = headerBytes + NONCE_BYTES;
  const tagStart = stored.length - TAG_BYTES;
  return {
    id,
    header: stored.subarray(0, headerBytes),
    nonce: stored.subarray(headerBytes, nonceEnd),
    ciphertext: stored.subarray(nonceEnd, tagStart),
    tag: stored.subarray(tagStart),
  };
}
