import { createSecretKey, randomBytes } from 'node:crypto';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import type { MailSettings } from '../../config/mail-settings.js';
import { DataCipher } from '../../protection/data-cipher.js';
import { MailContents } from '../outbox/mail-content.js';
import { MailOutbox } from '../outbox/mail-outbox.js';
import { MailOutboxRepository } from '../outbox/mail-outbox.repository.js';
import { MailWake } from '../outbox/mail-wake.js';
import type { OutgoingMail } from '../outbox/outgoing-mail.js';
import { MailRenderer } from '../templates/mail-renderer.js';
import { ServerAddresses } from '../transports/server-addresses.js';
import { TenantTransport } from '../transports/tenant-transport.js';
import { AddressSuppression } from '../suppression/address-suppression.js';
import { MailQueueRepository } from './mail-queue.repository.js';
import { MailSender } from './mail-sender.js';
import { MailWorker } from './mail-worker.js';

export interface MailRow {
  id: string;
  kind: string;
  status: string;
  attempts: number;
  content: Buffer | null;
  last_error: string | null;
  email: string;
}

/** A worker as a process has it: with its own connections and memory. */
export interface WorkerProcess {
  worker: MailWorker;
  outbox: MailOutbox;
  queue: MailQueueRepository;
  /** Ends the connections without an end of what runs on them, and claims nothing more. */
  kill(): Promise<void>;
}

/** Outbox and workers on a database of their own, without the rest of the service. */
export class MailFixture {
  readonly cipher = new DataCipher({
    dataKeys: [{ id: 'test', key: createSecretKey(randomBytes(32)) }],
  });
  readonly events: unknown[] = [];
  /** Where the server of every tenant listens, in place of its own port. */
  tenantPort: number | undefined;
  private readonly processes: { worker: MailWorker; database: PlatformDatabase }[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly admin: pg.Pool,
  ) {}

  static async start(): Promise<MailFixture> {
    const database = await createTestDatabase();
    return new MailFixture(database, new pg.Pool({ connectionString: database.adminUrl, max: 2 }));
  }

  /** @param addresses where the names of tenants' servers lead */
  process(
    { server, directory }: Partial<MailSettings>,
    { addresses = new ServerAddresses(), ca = '' } = {},
  ): WorkerProcess {
    const mail = {
      server,
      directory,
      from: 'no-reply@poctracker.com',
      webhookSecret: undefined,
    };
    const name = `mail-worker-${this.processes.length}`;
    const database = new PlatformDatabase({
      url: this.database.platformUrl,
      tls: false,
      applicationName: name,
    });
    const events = {
      recordIn: (_transaction: unknown, event: unknown) =>
        Promise.resolve(void this.events.push(event)),
      recordRepeated: (event: unknown) => Promise.resolve(void this.events.push(event)),
    } as never;
    const queue = new MailQueueRepository(database);
    const contents = new MailContents(this.cipher);
    const tenants = new TenantTransport(addresses);
    const send = tenants.send.bind(tenants);
    tenants.send = (to, mailed) =>
      send({ ...to, port: this.tenantPort ?? to.port }, mailed, ca === '' ? {} : { ca });
    const sender = new MailSender(
      { mail },
      queue,
      contents,
      new MailRenderer(),
      this.cipher,
      tenants,
    );
    const wake = new MailWake();
    const worker = new MailWorker(queue, sender, wake, database, new AddressSuppression(events));
    const outbox = new MailOutbox(new MailOutboxRepository(), contents, wake, events);
    this.processes.push({ worker, database });
    const kill = async (): Promise<void> => {
      queue.claim = () => Promise.reject(new Error('killed'));
      queue.markSent = () => Promise.reject(new Error('killed'));
      queue.postpone = () => Promise.reject(new Error('killed'));
      await this.admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
        [name],
      );
    };
    return { worker, outbox, queue, kill };
  }

  /** Adds a mail as the service does, in a transaction of its tenant on the operators' login. */
  async add({ outbox }: Pick<WorkerProcess, 'outbox'>, mail: OutgoingMail): Promise<void> {
    const [first] = this.processes;
    await first?.database.transaction(
      { tenantId: mail.tenantId, operatorId: null },
      (transaction) => outbox.add(transaction, mail),
    );
  }

  async rows(tenantId: string): Promise<MailRow[]> {
    const { rows } = await this.admin.query<MailRow>(
      `SELECT id, kind, status, attempts, content, last_error, email FROM outgoing_mails WHERE tenant_id = $1 ORDER BY id`,
      [tenantId],
    );
    return rows;
  }

  /** The rows of a tenant, when all of them match. @throws Error after the deadline. */
  async rowsWhen(
    tenantId: string,
    matches: (row: MailRow) => boolean,
    step: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<MailRow[]> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      await step();
      const rows = await this.rows(tenantId);
      if (rows.length > 0 && rows.every(matches)) return rows;
      if (Date.now() > deadline)
        throw new Error(
          `Not reached: ${JSON.stringify(rows.map((row) => ({ ...row, content: 0 })).slice(0, 5))}`,
        );
    }
  }

  /** Makes every pending mail due, as if its delay or lease had ended. */
  async makeDue(): Promise<void> {
    await this.admin.query(
      `UPDATE outgoing_mails SET next_attempt_at = now() - interval '1 second' WHERE status = 'pending'`,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map(({ worker }) => worker.beforeApplicationShutdown()));
    await Promise.all(this.processes.map(({ database }) => database.close()));
    await this.admin.end();
    await this.database.drop();
  }
}
