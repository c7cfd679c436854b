import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { AddressSuppression } from '../suppression/address-suppression.js';
import { MailWake } from '../outbox/mail-wake.js';
import { DeliveryError } from '../transports/mail-transport.js';
import { SEND_TIMEOUT_MS } from '../transports/smtp-transport.js';
import { type ClaimedMail, type Lane, MailQueueRepository } from './mail-queue.repository.js';
import { MailSender } from './mail-sender.js';
import { MAX_AGE_MS, MAX_ATTEMPTS, retryDelay, ServerPauses } from './retry.rules.js';

/** Longer than a mail takes at most, so that a mail in progress is not claimed by another worker. */
const LEASE_MS = 2 * SEND_TIMEOUT_MS + 10_000;

/**
 * Mails in progress per process and lane. Tenants with servers of their own have a lane of their own: servers that never answer
 * can fill it, and delay no other tenant.
 */
const LANE_SLOTS = 8;

/** Of one tenant, so that a tenant with many mails leaves slots to others. */
const TENANT_SLOTS: Readonly<Record<Lane, number>> = { shared: 4, own: 2 };

const LANES = ['shared', 'own'] as const;

const SHARED_SERVER = 'shared';

const POLL_MS = 2_000;

/** After a mail was added: the transaction commits soon, but not at once. */
const WAKE_MS = [30, 200, 800];

/**
 * Sends the mails of the outbox, in every process. Each mail is sent once. It is sent a second time, with the same Message-ID,
 * if a process ends or loses the database between the acceptance of the server and the commit that records it. It is never
 * dropped: a mail that cannot be sent is dead, and operators see it (`cli mail list --dead`).
 */
@Injectable()
export class MailWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(MailWorker.name);
  private readonly pauses = new ServerPauses();
  private readonly inProgress = new Map<Promise<void>, { tenantId: string; lane: Lane }>();
  private readonly after: Record<Lane, string> = { shared: NIL_UUID, own: NIL_UUID };
  private readonly timers = new Set<NodeJS.Timeout>();
  private interval: NodeJS.Timeout | undefined;
  private claiming: Promise<void> | undefined;
  private claimAgain = false;
  private stopping = false;

  constructor(
    private readonly queue: MailQueueRepository,
    private readonly sender: MailSender,
    private readonly wake: MailWake,
    private readonly database: PlatformDatabase,
    private readonly suppression: AddressSuppression,
  ) {}

  onApplicationBootstrap(): void {
    this.wake.listen(() => this.pollSoon());
    this.interval = setInterval(() => void this.poll(), POLL_MS).unref();
  }

  /** Claims nothing more, and waits for the mails in progress, which have time limits of their own. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearInterval(this.interval);
    for (const timer of this.timers) clearTimeout(timer);
    await this.claiming;
    await Promise.allSettled(this.inProgress.keys());
  }

  /** Claims due mails and starts to send them. Resolves when no more can be claimed at present. */
  poll(): Promise<void> {
    if (this.claiming !== undefined) {
      this.claimAgain = true;
      return this.claiming;
    }
    this.claiming = this.claimAll().finally(() => {
      this.claiming = undefined;
    });
    return this.claiming;
  }

  private pollSoon(): void {
    if (this.stopping || this.timers.size > 0) return;
    for (const delay of WAKE_MS) {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        void this.poll();
      }, delay).unref();
      this.timers.add(timer);
    }
  }

  private async claimAll(): Promise<void> {
    try {
      do {
        this.claimAgain = false;
        for (const lane of LANES) if (await this.claim(lane)) this.claimAgain = true;
      } while (this.claimAgain && !this.stopping);
    } catch (error) {
      this.logger.warn(`Mails could not be claimed: ${String(error)}`);
    }
  }

  /** @returns true if there may be more. */
  private async claim(lane: Lane): Promise<boolean> {
    const running = [...this.inProgress.values()].filter((mail) => mail.lane === lane);
    const limit = LANE_SLOTS - running.length;
    const blocked =
      lane === 'shared' && (!this.sender.hasSharedTransport || this.pauses.isPaused(SHARED_SERVER));
    if (limit <= 0 || blocked || this.stopping) return false;
    const busy = running
      .map(({ tenantId }) => tenantId)
      .filter((tenant, _at, all) => count(all, tenant) >= TENANT_SLOTS[lane]);
    const paused = lane === 'own' ? this.pauses.paused().filter((s) => s !== SHARED_SERVER) : [];
    const mails = await this.queue.claim({
      lane,
      leaseMs: LEASE_MS,
      excluded: [...new Set([...busy, ...paused])],
      after: this.after[lane],
      limit,
    });
    for (const mail of mails) {
      this.after[lane] = mail.tenantId;
      this.start(mail, lane);
    }
    return mails.length > 0;
  }

  private start(mail: ClaimedMail, lane: Lane): void {
    const work = this.deliver(mail)
      .catch((error: unknown) => {
        // The lease ends, and the mail is claimed again.
        this.logger.warn(`The state of the mail ${mail.id} was not recorded: ${String(error)}`);
      })
      .finally(() => {
        this.inProgress.delete(work);
        void this.poll();
      });
    this.inProgress.set(work, { tenantId: mail.tenantId, lane });
  }

  private async deliver(mail: ClaimedMail): Promise<void> {
    const { uselessAfter, createdAt, suppressed } = mail;
    if (suppressed) return this.queue.markSuppressed(mail);
    if (uselessAfter !== null && uselessAfter.getTime() <= Date.now())
      return this.queue.markDead(mail, 'expired', { keepContent: false });
    const server = mail.smtpHost === null ? SHARED_SERVER : mail.tenantId;
    try {
      await this.sender.send(mail);
    } catch (error) {
      const tooOld = Date.now() - createdAt.getTime() > MAX_AGE_MS;
      return this.recordFailure(mail, error, { server, tooOld });
    }
    this.pauses.answered(server);
    return this.queue.markSent(mail);
  }

  private async recordFailure(
    mail: ClaimedMail,
    error: unknown,
    { server, tooOld }: { server: string; tooOld: boolean },
  ): Promise<void> {
    if (!(error instanceof DeliveryError)) {
      this.logger.error(`The mail ${mail.id} cannot be composed: ${String(error)}`);
      return this.queue.markDead(mail, 'not_composed', { keepContent: true });
    }
    const { kind, reason } = error;
    if (kind === 'unreachable') {
      const delayMs = this.pauses.failed(server, Math.random());
      this.logger.warn(`A mail server is not usable: ${reason}. It is tried again.`);
      return tooOld
        ? this.queue.markDead(mail, reason, { keepContent: true })
        : this.queue.postpone(mail, { delayMs, reason, counts: false });
    }
    this.pauses.answered(server);
    if (kind === 'temporary' && !tooOld && mail.attempts + 1 < MAX_ATTEMPTS) {
      const delayMs = retryDelay(mail.attempts, Math.random());
      return this.queue.postpone(mail, { delayMs, reason, counts: true });
    }
    if (kind === 'no_mailbox') {
      const tenant = { tenantId: mail.tenantId, operatorId: null };
      await this.database.transaction(tenant, (transaction) =>
        this.suppression.add(transaction, mail, 'bounce'),
      );
    }
    await this.queue.markDead(mail, reason, { keepContent: kind !== 'no_mailbox' });
  }
}

function count(all: readonly string[], one: string): number {
  return all.filter((other) => other === one).length;
}
