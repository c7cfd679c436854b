import type { SeededUser } from '@poc-tracker/testing';
import { expect, vi } from 'vitest';
import { MailOutbox } from '../../../apps/auth-service/src/mail/outbox/mail-outbox.js';
import type { OutgoingMail } from '../../../apps/auth-service/src/mail/outbox/outgoing-mail.js';
import type { MailKind } from '../../../apps/auth-service/src/mail/templates/mail-kinds.js';
import { ServiceFixture } from '../service.fixture.js';

type Mail<K extends MailKind> = Extract<OutgoingMail, { kind: K }>;

/** The mails that a service adds to its outbox. */
export class Mails {
  private readonly added: OutgoingMail[] = [];

  constructor(private readonly service: ServiceFixture) {
    const outbox = service.app.get(MailOutbox, { strict: false });
    const add = outbox.add.bind(outbox);
    vi.spyOn(outbox, 'add').mockImplementation(async (transaction, mail) => {
      await add(transaction, mail);
      this.added.push(mail);
    });
  }

  to(email: string): OutgoingMail[] {
    return this.added.filter(({ to }) => to.email === email);
  }

  kindsTo(email: string): MailKind[] {
    return this.to(email).map(({ kind }) => kind);
  }

  /** Waits for the latest mail of a kind to an address, of which there are `count`, and for the commit that adds it. */
  async next<K extends MailKind>(kind: K, email: string, count = 1): Promise<Mail<K>> {
    const committed = async () =>
      expect(
        await this.service.database.sql(
          'SELECT FROM outgoing_mails WHERE email = $1 AND kind = $2',
          [email, kind],
        ),
      ).toHaveLength(count);
    await vi.waitFor(committed, { timeout: 10_000, interval: 10 });
    const found = this.to(email).filter((mail): mail is Mail<K> => mail.kind === kind);
    return found[count - 1] as Mail<K>;
  }
}

/** The token of a link, which is in its fragment. */
export const tokenIn = ({ values }: { values: { link: string } }): string =>
  new URL(values.link).hash.replace('#token=', '');

/** A service with its mails, and two tenants of which one is hostile. */
export async function accountScene(env: NodeJS.ProcessEnv = {}) {
  const service = await ServiceFixture.start(env);
  const mails = new Mails(service);
  const tenant = await service.tenant({ maxUsers: 1_000 });
  const hostile = await service.tenant({ maxUsers: 1_000 });
  const post = (path: string, body: unknown, host = tenant.host, headers = {}) =>
    service.call<Record<string, unknown>>('POST', path, { host, body, headers });
  const user = (overrides: Parameters<typeof service.user>[1] = {}) =>
    service.user(tenant.tenantId, overrides);
  /** Asks for a link to reset the password, and returns its token. */
  const resetToken = async ({ email }: { email: string }, count = 1) => {
    await post('/auth/password/forgot', { email });
    return tokenIn(await mails.next('reset_password', email, count));
  };
  const tokenOf = async (member: SeededUser) =>
    (await service.login(tenant.host, member)).tokens.accessToken;
  return { service, mails, tenant, hostile, post, user, resetToken, tokenOf };
}

export type AccountScene = Awaited<ReturnType<typeof accountScene>>;
