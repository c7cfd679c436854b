import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { argon2id, hash, verify } from 'argon2';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import {
  type Argon2Parameters,
  isAffordable,
  isWeaker,
  parsePasswordHash,
} from './password-hash.js';
import { canBePassword, normalizePassword } from './password-text.js';
import { WorkQueue } from './work-queue.js';

/**
 * Hashes that may wait for a core: about a second of work. More would keep clients waiting past
 * their patience, and the memory of the requests with them.
 */
export const MAX_WAITING_HASHES = 64;

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/**
 * Argon2id with the configured parameters (OWASP Password Storage: 19 MiB, t=2, p=1). Every call
 * takes its turn in one queue, so that a storm of log-ins uses no more memory than one hash a core.
 *
 * All methods throw ApiError SERVICE_BUSY when the queue is full.
 */
@Injectable()
export class PasswordHasher {
  private readonly logger = new Logger(PasswordHasher.name);
  private readonly queue: WorkQueue;
  private readonly current: Argon2Parameters;
  private readonly nobodysHash: string;

  constructor(@Inject(APP_CONFIG) config: Pick<AppConfig, 'passwords'>) {
    const { concurrency } = config.passwords;
    this.queue = new WorkQueue({ concurrency, capacity: MAX_WAITING_HASHES });
    this.current = config.passwords;
    this.nobodysHash = unmatchedHash(this.current);
  }

  /**
   * @returns the PHC string to be stored
   * @throws RangeError for text that the password policy refuses for its length or its encoding
   */
  async hash(password: string): Promise<string> {
    if (!canBePassword(password))
      throw new RangeError('Check a password against the policy before hashing it.');
    const { memoryKib, iterations, parallelism } = this.current;
    return this.queue.run(() =>
      hash(normalizePassword(password), {
        type: argon2id,
        memoryCost: memoryKib,
        timeCost: iterations,
        parallelism,
        hashLength: HASH_BYTES,
      }),
    );
  }

  /**
   * Compares a password with a stored hash. A hash that is none, or that would cost more than the
   * service is ready to pay for anybody's log-in, matches nothing and is not computed.
   * @returns `outdated` when the password is right and the stored hash weaker than the current
   *   setting
   */
  async verify(
    storedHash: string,
    password: string,
  ): Promise<{ valid: boolean; outdated: boolean }> {
    const stored = parsePasswordHash(storedHash);
    if (stored === undefined || !isAffordable(stored)) {
      this.logger.warn(
        'A stored password hash is malformed or too costly: its owner cannot log in before a reset.',
      );
      return { valid: false, outdated: false };
    }
    // Depends on what was sent alone, so the quick answer tells nothing about the account.
    if (!canBePassword(password)) return { valid: false, outdated: false };
    const valid = await this.queue.run(() => verify(storedHash, normalizePassword(password)));
    return { valid, outdated: valid && isWeaker(stored, this.current) };
  }

  /**
   * Takes as long as {@link verify} for an account that does not exist, so that time does not tell
   * who has one.
   */
  async verifyNobody(password: string): Promise<void> {
    await this.verify(this.nobodysHash, password);
  }
}

/**
 * A hash with the given parameters that no password matches: made of random bytes, so it costs
 * nothing to make.
 */
function unmatchedHash({ memoryKib, iterations, parallelism }: Argon2Parameters): string {
  const [salt, digest] = [SALT_BYTES, HASH_BYTES].map((bytes) =>
    randomBytes(bytes).toString('base64').replaceAll('=', ''),
  );
  return `$argon2id$v=19$m=${memoryKib},t=${iterations},p=${parallelism}$${salt}$${digest}`;
}
