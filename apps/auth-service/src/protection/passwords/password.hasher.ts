import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { currentOwner, currentRequestSignal, FairQueue, type Place } from '@poc-tracker/tenancy';
import { argon2id, hash, verify } from 'argon2';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import type { Argon2Parameters } from '../../config/argon2-settings.js';
import { isAffordable, isWeaker, parsePasswordHash } from './password-hash.js';
import { canBePassword, normalizePassword } from './password-text.js';

/** Maximum number of queued hashes of all tenants, which limits the memory of waiting requests. */
const MAX_WAITING_HASHES = 512;

/** Maximum number of queued hashes of a tenant: about three seconds of one core. */
export const MAX_WAITING_OF_TENANT = 96;

/**
 * Maximum number of queued hashes of an address: an office of 50 users can register at once, and one client cannot use up the
 * share of its tenant.
 */
export const MAX_WAITING_OF_SOURCE = 64;

/** A burst waits rather than fails. This leaves the other half of a request's time of 10 seconds to the hash and the database. */
const MAX_WAIT_MS = 5_000;

interface HashingConfig {
  readonly passwords: Omit<AppConfig['passwords'], 'temporaryHours'>;
}

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/**
 * Argon2id with the configured parameters. All calls share one queue, so that a burst of log-ins uses
 * the memory of one hash per thread at most. In the queue the tenants take turns, and the clients of a tenant.
 *
 * All methods throw ApiError SERVICE_BUSY if the queue is full or a hash could not start in time.
 */
@Injectable()
export class PasswordHasher {
  private readonly logger = new Logger(PasswordHasher.name);
  private readonly queue: FairQueue;
  private readonly current: Argon2Parameters;
  private readonly dummyHash: string;

  constructor(@Inject(APP_CONFIG) config: HashingConfig) {
    const { concurrency } = config.passwords;
    this.queue = new FairQueue({
      concurrency,
      tenantConcurrency: concurrency,
      capacity: MAX_WAITING_HASHES,
      tenantCapacity: MAX_WAITING_OF_TENANT,
      sourceCapacity: MAX_WAITING_OF_SOURCE,
      deadlineMs: MAX_WAIT_MS,
    });
    this.current = config.passwords;
    this.dummyHash = unmatchedHash(this.current);
  }

  /**
   * Takes a place in the queue for {@link verify} or {@link verifyDummy}, before the hash is looked up: requests that must be
   * refused cost no look-up. Leave it when the work ends.
   */
  takePlace(): Place {
    return this.queue.enter(currentOwner(), currentRequestSignal());
  }

  /**
   * @returns the PHC string to store
   * @throws RangeError if the password is too long or not valid Unicode; check it with the policy first
   */
  async hash(password: string): Promise<string> {
    if (!canBePassword(password))
      throw new RangeError('Check a password against the policy before hashing it.');
    const { memoryKib, iterations, parallelism } = this.current;
    return this.takePlace().run(() =>
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
   * Verifies a password against a stored hash. A malformed or too expensive hash matches no password
   * and is not computed.
   * @returns `outdated` if the password is valid and the stored hash is weaker than the current
   *   parameters
   */
  async verify(
    storedHash: string,
    password: string,
    place?: Place,
  ): Promise<{ valid: boolean; outdated: boolean }> {
    const stored = parsePasswordHash(storedHash);
    if (stored === undefined || !isAffordable(stored)) {
      this.logger.warn(
        'A stored password hash is malformed or too expensive. Its user cannot log in until the password is reset.',
      );
      return { valid: false, outdated: false };
    }
    // This depends on the request only, so the fast response reveals nothing about the account.
    if (!canBePassword(password)) return { valid: false, outdated: false };
    const valid = await (place ?? this.takePlace()).run(() =>
      verify(storedHash, normalizePassword(password)),
    );
    return { valid, outdated: valid && isWeaker(stored, this.current) };
  }

  /**
   * Takes as long as {@link verify}. Call it for an account that does not exist, so that the response
   * time does not reveal which accounts exist.
   */
  async verifyDummy(password: string, place?: Place): Promise<void> {
    await this.verify(this.dummyHash, password, place);
  }
}

/**
 * A hash with the given parameters that no password matches. It consists of random bytes, so it
 * needs no hashing.
 */
function unmatchedHash({ memoryKib, iterations, parallelism }: Argon2Parameters): string {
  const [salt, digest] = [SALT_BYTES, HASH_BYTES].map((bytes) =>
    randomBytes(bytes).toString('base64').replaceAll('=', ''),
  );
  return `$argon2id$v=19$m=${memoryKib},t=${iterations},p=${parallelism}$${salt}$${digest}`;
}
