import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { MirrorStore } from './mirror-store.js';
import { MirrorWriter } from './mirror-writer.js';
import type { SessionMirrorRepository } from './session-mirror.repository.js';

const POLL_MS = 100;

/**
 * Builds the mirror again: by the process that writes it, which misses its position within a second, or by this one if there
 * is none.
 * @throws Error if Redis or PostgreSQL does not answer, or if the mirror is not complete at the deadline.
 */
export async function rebuildMirror(
  sessions: SessionMirrorRepository,
  redis: Redis,
  deadlineMs: number,
): Promise<void> {
  const { source } = await sessions.changesSince(undefined);
  const store = new MirrorStore(redis, source, randomUUID());
  const deadline = AbortSignal.timeout(deadlineMs);
  await store.invalidate();
  try {
    while ((await store.position()) === undefined) {
      deadline.throwIfAborted();
      if (await store.claim()) await buildHere(new MirrorWriter(sessions, store, deadline), store);
      else await delay(POLL_MS);
    }
  } catch (cause) {
    if (!deadline.aborted) throw cause;
    throw new Error(`The mirror was not complete after ${deadlineMs / 1000} seconds.`, { cause });
  }
}

async function buildHere(writer: MirrorWriter, store: MirrorStore): Promise<void> {
  try {
    await writer.update(true);
  } finally {
    await store.release();
  }
}
