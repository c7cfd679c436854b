import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { AuthRequest } from '@poc-tracker/auth-kit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BATCH, SessionMirrorRepository } from './session-mirror.repository.js';

const FLUSH_EVERY_MS = 1_000;

/**
 * A session is noted once in this time, however many requests use it. PostgreSQL ignores a use less than a minute after the
 * one before, which may have been written a second late.
 */
const QUIET_MS = 60_000 + 2 * FLUSH_EVERY_MS;

/** Sessions kept. Above it, some are noted again within the minute, and PostgreSQL ignores that. */
const MAX_SESSIONS = 50_000;

interface Use {
  tenantId: string;
  id: string;
}

/** Records when sessions were last used, off the way of the requests that use them. */
@Injectable()
export class SessionUses implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SessionUses.name);
  /** When each session was noted. */
  private readonly noted = new Map<string, number>();
  private readonly pending = new Map<string, Use>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private failing = false;

  constructor(private readonly sessions: SessionMirrorRepository) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** After the last response, and before the pool is closed. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  note(use: Use): void {
    const now = performance.now();
    const before = this.noted.get(use.id);
    if (before !== undefined && now - before < QUIET_MS) return;
    if (this.noted.size >= MAX_SESSIONS) this.noted.clear();
    if (this.pending.size >= MAX_SESSIONS) return;
    this.noted.set(use.id, now);
    this.pending.set(use.id, use);
  }

  /** Uses that cannot be written are dropped, and the next request of the session is noted at once. */
  flush(): Promise<void> {
    this.flushing = this.flushing.then(() => this.write());
    return this.flushing;
  }

  private async write(): Promise<void> {
    const uses = [...this.pending.values()];
    this.pending.clear();
    try {
      for (let start = 0; start < uses.length; start += BATCH)
        await this.sessions.touch(uses.slice(start, start + BATCH));
      this.failing = false;
    } catch (error) {
      for (const { id } of uses) this.noted.delete(id);
      if (!this.failing)
        this.logger.warn(
          `The use of sessions was not recorded: ${String(error)}. Their next requests are recorded.`,
        );
      this.failing = true;
    }
  }
}

/** Notes the session of each request with a valid access token. */
export function registerSessionUses(
  fastify: Pick<FastifyInstance, 'addHook'>,
  uses: Pick<SessionUses, 'note'>,
): void {
  fastify.addHook('onSend', (request, _reply, _payload, done) => {
    const { principal } = request as FastifyRequest & Pick<AuthRequest, 'principal'>;
    if (principal !== undefined)
      uses.note({ tenantId: principal.tenantId, id: principal.sessionId });
    done();
  });
}
