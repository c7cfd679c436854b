import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { AuthRequest } from '@poc-tracker/auth-kit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BATCH, SessionMirrorRepository } from './session-mirror.repository.js';

const FLUSH_EVERY_MS = 1_000;

/** A session is noted once in this time, however many requests use it. */
const QUIET_MS = 60_000;

/** Sessions kept. Above it, some are noted again within the minute, and PostgreSQL ignores that. */
const MAX_SESSIONS = 50_000;

interface Use {
  tenantId: string;
  id: string;
}

/** Records when sessions were last used, off the way of the requests that use them. */
@Injectable()
export class SessionUses implements OnApplicationBootstrap, BeforeApplicationShutdown {
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

  async beforeApplicationShutdown(): Promise<void> {
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

  /** Uses that PostgreSQL does not accept are dropped: the next ones follow within a minute. */
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
      if (!this.failing)
        this.logger.warn(`The use of sessions is not recorded: ${String(error)}. It is retried.`);
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
