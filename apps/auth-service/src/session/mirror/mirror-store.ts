import type { Redis } from 'ioredis';
import {
  mirrorCursorKey,
  mirrorLeaseKey,
  sessionKey,
  tenantSessionsKey,
} from '../../redis/session-keys.js';
import type { MirroredSession } from './mirrored-session.js';
import { BATCH } from './session-mirror.repository.js';

const LEASE_MS = 3_000;

/** Nothing is written by a process that lost its lease while it was frozen: the check and the write are one script. */
const IF_WRITER = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('PEXPIRE', KEYS[1], ${LEASE_MS})`;

/* Expired members are removed once per batch: most sessions of a batch are of one tenant. */
const WRITE = `${IF_WRITER}
  local time = redis.call('TIME')
  local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local lists = {}
  local function list(key, session)
    lists[key] = true
    if session.value == '' then
      redis.call('ZREM', key, session.id)
    else
      redis.call('ZADD', key, session.endsAt, session.id)
    end
  end
  local sessions = cjson.decode(ARGV[2])
  for _, session in ipairs(sessions) do
    if session.value == '' then
      redis.call('DEL', session.key)
    else
      redis.call('SET', session.key, session.value, 'PX', session.ttl)
    end
    list(session.userKey, session)
    list(session.tenantKey, session)
    for _, token in ipairs(session.tokens) do
      if session.refusedFor == '' then
        redis.call('DEL', token)
      else
        redis.call('SET', token, '1', 'PX', session.refusedFor)
      end
    end
  end
  for key in pairs(lists) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
    if last[2] then redis.call('PEXPIREAT', key, last[2]) end
  end
  for _, session in ipairs(sessions) do
    if session.permissions ~= '' then
      redis.call('SET', session.permissionsKey, session.permissions, 'PX', session.permissionsTtl)
    elseif redis.call('EXISTS', session.userKey) == 0 or session.value ~= '' then
      redis.call('DEL', session.permissionsKey)
    end
  end
  return 1`;

const ADVANCE = `${IF_WRITER}
  local cursor = redis.call('GET', KEYS[2]) or ''
  if cursor ~= ARGV[2] then return -1 end
  if ARGV[4] == '' then
    redis.call('SET', KEYS[2], ARGV[3], 'KEEPTTL')
  else
    redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
  end
  return 1`;

const CLAIM = `
  local writer = redis.call('GET', KEYS[1])
  if writer and writer ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ${LEASE_MS})
  return 1`;

const RELEASE = `${IF_WRITER}
  redis.call('DEL', KEYS[1])
  return 1`;

/** Another process is the writer of the mirror now. */
export class NotTheWriter extends Error {}

/** The mirror of one database in Redis. One process at a time writes it. */
export class MirrorStore {
  private readonly lease: string;
  private readonly cursor: string;

  constructor(
    private readonly redis: Redis,
    source: string,
    private readonly writer: string,
  ) {
    this.lease = mirrorLeaseKey(source);
    this.cursor = mirrorCursorKey(source);
  }

  /** @returns false while another process is the writer. */
  async claim(): Promise<boolean> {
    return (await this.redis.eval(CLAIM, 1, this.lease, this.writer)) === 1;
  }

  async release(): Promise<void> {
    await this.redis.eval(RELEASE, 1, this.lease, this.writer);
  }

  /** @throws NotTheWriter */
  async write(sessions: readonly MirroredSession[]): Promise<void> {
    const written = await this.redis.eval(
      WRITE,
      1,
      this.lease,
      this.writer,
      JSON.stringify(sessions),
    );
    if (written !== 1) throw new NotTheWriter();
  }

  /** Up to where the mirror is complete; undefined if it must be built. */
  async position(): Promise<string | undefined> {
    return (await this.redis.get(this.cursor)) ?? undefined;
  }

  /**
   * Stores a new position in place of the one expected, and renews the lease.
   * @param ttlMs undefined: the new position expires when the old one would have.
   * @returns false if Redis has lost the position.
   * @throws NotTheWriter
   */
  async advance(
    expected: string | undefined,
    next: string,
    ttlMs: number | undefined,
  ): Promise<boolean> {
    const result = await this.redis.eval(
      ADVANCE,
      2,
      this.lease,
      this.cursor,
      this.writer,
      expected ?? '',
      next,
      ttlMs === undefined ? '' : Math.ceil(ttlMs),
    );
    if (result === 0) throw new NotTheWriter();
    return result === 1;
  }

  /** The mirror must be built. */
  async invalidate(): Promise<void> {
    await this.redis.del(this.cursor);
  }

  /** Those of the tenants for which the mirror lists sessions. */
  async listed(tenantIds: readonly string[]): Promise<string[]> {
    const pipeline = this.redis.pipeline();
    for (const id of tenantIds) pipeline.exists(tenantSessionsKey(id));
    const answers = (await pipeline.exec()) ?? [];
    return tenantIds.filter((_id, index) => answers[index]?.[1] !== 0);
  }

  /** The sessions that the mirror lists for a tenant, in parts. */
  async *sessionsOf(tenantId: string): AsyncGenerator<string[]> {
    for (let cursor: string | undefined; cursor !== '0';) {
      const [next, members] = await this.redis.zscan(
        tenantSessionsKey(tenantId),
        cursor ?? '0',
        'COUNT',
        BATCH,
      );
      // Each session is followed by its score.
      yield members.filter((_member, index) => index % 2 === 0);
      cursor = next;
    }
  }

  /** Removes sessions that PostgreSQL does not know. */
  async remove(tenantId: string, sessionIds: readonly string[]): Promise<void> {
    await this.redis
      .pipeline()
      .zrem(tenantSessionsKey(tenantId), ...sessionIds)
      .unlink(sessionIds.map((id) => sessionKey(tenantId, id)))
      .exec();
  }
}
