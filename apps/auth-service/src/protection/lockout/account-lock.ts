import { Inject, Injectable } from '@nestjs/common';
import { ApiError, NIL_UUID } from '@poc-tracker/contracts';
import type { RedisOutages } from '@poc-tracker/redis';
import { RedisConnection } from '../../redis/redis.connection.js';
import { knownDevice } from './known-devices.js';
import type { LockState } from './lockout.rules.js';
import { ProcessLocks } from './process-locks.js';
import { type SharedLock, SharedLocks, type SubjectKeys } from './shared-locks.js';

/** The account whose secret is tried. Without a user it does not exist, and only the work is the same. */
export interface TriedAccount {
  tenantId: string;
  userId: string | null;
}

/** Runs a command in Redis. @returns undefined if there is none, or if the account is checked without it. */
type AskRedis = <T>(command: (shared: SharedLocks) => Promise<T>) => Promise<T | undefined>;

/** A lock that has lasted for too long is removed and asked for once more. */
const ATTEMPTS = 2;

/** Told to an admin whose request needs a Redis that does not answer. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Locks an account for 15 minutes after more than 5 wrong secrets within 5 minutes. A device that has proved to be known to
 * the account, by a session or a device cookie, has a count and a lock of its own: others do not lock it out, and it does
 * not lock out others.
 *
 * Call `isLocked` before the secret is verified and `recordFailure` or `recordSuccess` after it, also for an unknown or locked
 * account, so that the response takes the same time.
 */
@Injectable()
export class AccountLock {
  private readonly shared: SharedLocks | undefined;
  private readonly local = new ProcessLocks();
  private readonly outages: RedisOutages | undefined;

  constructor(
    @Inject(RedisConnection) { client, outages }: Pick<RedisConnection, 'client' | 'outages'>,
  ) {
    this.shared = client && new SharedLocks(client);
    this.outages = outages;
  }

  async isLocked(account: TriedAccount): Promise<boolean> {
    return (await this.read(keysOf(account))).remainingMs > 0;
  }

  /** @returns true for the failure that locks the account. */
  async recordFailure(account: TriedAccount): Promise<boolean> {
    const keys = keysOf(account);
    // What is counted for an account that does not exist would lock nothing, and use memory.
    if (account.userId === null) return (await this.succeed(keys)).lockedNow;
    const { lockedNow } = await this.ask(
      keys,
      (shared) => this.count(shared, keys),
      () => this.local.fail(keys.lock),
    );
    return lockedNow;
  }

  /**
   * Resets the count.
   * @returns false if the account was locked while the secret was verified: many guesses at once count as well.
   */
  async recordSuccess(account: TriedAccount): Promise<boolean> {
    return (await this.succeed(keysOf(account))).remainingMs === 0;
  }

  /** When the lock of an account ends that unknown devices have locked. Null if it is not locked. */
  async lockedUntil(tenantId: string, userId: string): Promise<Date | null> {
    const { remainingMs } = await this.read(keysFor(tenantId, userId));
    return remainingMs > 0 ? new Date(Date.now() + remainingMs) : null;
  }

  /**
   * Whether unknown devices have locked the account, on this or another instance.
   * @throws ApiError SERVICE_UNAVAILABLE if Redis does not say.
   */
  async isLockedAnywhere(tenantId: string, userId: string): Promise<boolean> {
    return (await this.read(keysFor(tenantId, userId), this.demand)).remainingMs > 0;
  }

  /**
   * Unlocks an account that unknown devices have locked, and resets their count.
   * @throws ApiError SERVICE_UNAVAILABLE if Redis does not confirm it: it may still hold the lock.
   */
  async unlock(tenantId: string, userId: string): Promise<void> {
    const keys = keysFor(tenantId, userId);
    const knownId = this.local.lockOf(keys.lock);
    await this.demand((shared) => shared.unlock(keys, knownId));
    this.local.unlock(keys.lock);
  }

  /**
   * Resets the count of unknown devices. Does not unlock.
   * @throws ApiError SERVICE_UNAVAILABLE if Redis does not confirm it.
   */
  async resetCount(tenantId: string, userId: string): Promise<void> {
    const keys = keysFor(tenantId, userId);
    await this.demand((shared) => shared.succeed(keys));
    this.local.succeed(keys.lock);
  }

  private read(keys: SubjectKeys, askRedis?: AskRedis): Promise<LockState> {
    return this.ask(
      keys,
      (shared) => shared.read(keys),
      () => this.local.state(keys.lock),
      askRedis,
    );
  }

  private succeed(keys: SubjectKeys): Promise<LockState> {
    return this.ask(
      keys,
      (shared) => shared.succeed(keys),
      () => this.local.succeed(keys.lock),
    );
  }

  private async ask(
    keys: SubjectKeys,
    inRedis: (shared: SharedLocks) => Promise<SharedLock>,
    inProcess: () => LockState,
    askRedis: AskRedis = this.tryRedis,
  ): Promise<LockState> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const found = await askRedis(inRedis);
      if (found === undefined) break;
      const state = this.local.reconcile(keys.lock, found);
      if (state !== undefined) return state;
      await askRedis((shared) => shared.remove(keys, found.id));
    }
    return inProcess();
  }

  private async count(shared: SharedLocks, keys: SubjectKeys): Promise<SharedLock> {
    const found = await shared.fail(keys);
    // Nothing is written for a subject that was locked before. Only a write shows that Redis is neither read-only nor full.
    if (found.state !== 'locked' || found.lockedNow) this.outages?.end('locked accounts');
    return found;
  }

  /** Undefined without Redis, or if it fails: the process then counts alone. */
  private readonly tryRedis: AskRedis = async (command) => {
    const { shared } = this;
    if (shared?.shouldAsk() !== true) return undefined;
    try {
      return await command(shared);
    } catch (error) {
      this.outages?.begin('locked accounts', error);
      return undefined;
    }
  };

  /**
   * Without `shouldAsk`, also in the second after Redis did not answer: what follows must be true for all instances.
   * @throws ApiError SERVICE_UNAVAILABLE if Redis fails.
   */
  private readonly demand: AskRedis = async (command) => {
    const { shared } = this;
    try {
      return shared && (await command(shared));
    } catch (error) {
      this.outages?.begin('locked accounts', error);
      throw new ApiError('SERVICE_UNAVAILABLE', { retryAfter: RETRY_AFTER_SECONDS, cause: error });
    }
  };
}

/** The keys of the device that makes the current request, if the account knows it, otherwise those of the account. */
function keysOf({ tenantId, userId }: TriedAccount): SubjectKeys {
  if (userId === null) return keysFor(tenantId, NIL_UUID);
  return keysFor(tenantId, userId, knownDevice(tenantId, userId)?.deviceId);
}

function keysFor(tenantId: string, userId: string, deviceId?: string): SubjectKeys {
  const subject = `{${tenantId}}:${userId}${deviceId === undefined ? '' : `:${deviceId}`}`;
  return {
    lock: `poc-tracker:account_locked:${subject}`,
    failures: `poc-tracker:failed_login:${subject}`,
  };
}
