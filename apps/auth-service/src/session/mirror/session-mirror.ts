import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisConnection } from '../../redis/redis.connection.js';
import { MirrorStore, NotTheWriter } from './mirror-store.js';
import { MirrorWriter } from './mirror-writer.js';
import { SessionMirrorRepository } from './session-mirror.repository.js';

/** Between two queries for changes. */
const POLL_MS = 30;

/** Between two attempts to become the writer, two looks whether Redis was flushed, and after a failure. */
const SLOW_MS = 1_000;

/**
 * Keeps the sessions in Redis as they are in PostgreSQL, for gateways and services in other languages. No request waits for it:
 * one process follows what has been committed.
 */
@Injectable()
export class SessionMirror implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly id = randomUUID();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly sessions: SessionMirrorRepository,
  ) {}

  onApplicationBootstrap(): void {
    const { client } = this.connection;
    if (client !== undefined) this.running = this.run(client);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.succeed();
  }

  private async run(redis: Redis): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.writeWhileLeading(redis);
      } catch (error) {
        if (!(error instanceof NotTheWriter) && !this.stopping.signal.aborted) this.fail(error);
      }
      await this.pause(SLOW_MS);
    }
  }

  private async writeWhileLeading(redis: Redis): Promise<void> {
    if (redis.status !== 'ready') return;
    const { source } = await this.sessions.changesSince(undefined);
    const store = new MirrorStore(redis, source, this.id);
    if (!(await store.claim())) return;
    try {
      const writer = new MirrorWriter(this.sessions, store, this.stopping.signal);
      await writer.start();
      for (let savedAt = -Infinity; !this.stopping.signal.aborted; await this.pause(POLL_MS)) {
        const save = performance.now() - savedAt >= SLOW_MS;
        if (save) savedAt = performance.now();
        const changes = await writer.update(save);
        this.succeed();
        if (changes.source !== source) return;
      }
    } finally {
      await store.release().catch(() => undefined);
    }
  }

  /** Ends at once when the process stops. */
  private async pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.stopping.signal, ref: false }).catch(
      () => undefined,
    );
  }

  private fail(error: unknown): void {
    this.connection.outages?.begin('the mirror of sessions', error);
  }

  private succeed(): void {
    this.connection.outages?.end('the mirror of sessions');
  }
}
