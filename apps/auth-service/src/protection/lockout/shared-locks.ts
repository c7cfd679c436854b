import { randomUUID } from 'node:crypto';
import { CircuitBreaker, NoAnswerError } from '@poc-tracker/redis';
import type { Redis } from 'ioredis';
import { FAILURE_WINDOW_MS, LOCK_MS, MAX_FAILURES } from './lockout.rules.js';

/** Longest wait for Redis. Without an answer the locks of other processes are unknown, so a busy Redis must not exceed it. */
const ANSWER_TIMEOUT_MS = 200;

/** What Redis says about the lock of a subject. */
export interface SharedLock {
  state: 'locked' | 'unlocked' | 'none';
  /** Of the lock, or of the one that was removed. */
  id: string;
  remainingMs: number;
  lockedNow: boolean;
}

/** Both keys have the tenant as their hash tag: one slot for a script, if they ever move to a Redis Cluster. */
export interface SubjectKeys {
  lock: string;
  failures: string;
}

/*
 * The value of a lock is `locked:<id>`. A lock that was removed leaves `unlocked:<id>`, so that every process that holds it
 * learns of that. Each script returns the value, its remaining milliseconds, and whether it has just changed.
 */
const STATE = `
  local lock = redis.call('GET', KEYS[1]) or ''
  local function state(changed) return { lock, redis.call('PTTL', KEYS[1]), changed } end
  local locked = string.sub(lock, 1, 7) == 'locked:'`;

const READ = `${STATE}
  return state(0)`;

/*
 * The list holds the times of the latest failures, one more than are allowed. If the clock of Redis goes back, they count as
 * recent.
 */
const FAIL = `${STATE}
  if locked then return state(0) end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
  redis.call('LPUSH', KEYS[2], string.format('%.0f', now))
  redis.call('LTRIM', KEYS[2], 0, limit)
  redis.call('PEXPIRE', KEYS[2], window)
  if redis.call('LLEN', KEYS[2]) <= limit then return state(0) end
  if now - tonumber(redis.call('LINDEX', KEYS[2], -1)) > window then return state(0) end
  lock = 'locked:' .. ARGV[4]
  redis.call('SET', KEYS[1], lock, 'PX', ARGV[3])
  redis.call('DEL', KEYS[2])
  return state(1)`;

const SUCCEED = `${STATE}
  if not locked then redis.call('DEL', KEYS[2]) end
  return state(0)`;

const UNLOCK = `${STATE}
  redis.call('DEL', KEYS[2])
  if not locked and ARGV[1] == '' then return state(0) end
  lock = 'unlocked:' .. (locked and string.sub(lock, 8) or ARGV[1])
  redis.call('SET', KEYS[1], lock, 'PX', ARGV[2])
  return state(1)`;

const REMOVE = `${STATE}
  if lock == 'locked:' .. ARGV[1] then redis.call('DEL', KEYS[1]) end
  return state(0)`;

/** Failures and locks in Redis, which all instances share, by the clock of Redis. Each method is one atomic script. */
export class SharedLocks {
  /** A Redis that is full or read-only still says which accounts are locked: an error is an answer too. */
  private readonly circuit = new CircuitBreaker({
    deadlineMs: ANSWER_TIMEOUT_MS,
    opensOn: (error) => error instanceof NoAnswerError,
  });

  constructor(private readonly redis: Redis) {}

  /** Whether to ask Redis. While it does not answer, true once a second; false while the connection is lost. */
  shouldAsk(): boolean {
    return this.redis.status === 'ready' && this.circuit.allowsRequest();
  }

  read(keys: SubjectKeys): Promise<SharedLock> {
    return this.run(READ, keys);
  }

  fail(keys: SubjectKeys): Promise<SharedLock> {
    return this.run(FAIL, keys, MAX_FAILURES, FAILURE_WINDOW_MS, LOCK_MS, randomUUID());
  }

  succeed(keys: SubjectKeys): Promise<SharedLock> {
    return this.run(SUCCEED, keys);
  }

  /** @param knownId of a lock that Redis may have lost */
  async unlock(keys: SubjectKeys, knownId: string | undefined): Promise<void> {
    await this.run(UNLOCK, keys, knownId ?? '', LOCK_MS);
  }

  /** Removes a lock that has lasted for too long, unless another one has replaced it. */
  async remove(keys: SubjectKeys, id: string): Promise<void> {
    await this.run(REMOVE, keys, id);
  }

  private async run(
    script: string,
    keys: SubjectKeys,
    ...args: (string | number)[]
  ): Promise<SharedLock> {
    const reply = await this.circuit.run(() =>
      this.redis.eval(script, 2, keys.lock, keys.failures, ...args),
    );
    const [value, remainingMs, changed] = reply as [string, number, number];
    const [state = '', id = ''] = value.split(':');
    return {
      state: state === 'locked' || state === 'unlocked' ? state : 'none',
      id,
      remainingMs,
      lockedNow: changed === 1,
    };
  }
}
