import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../service.fixture.js';

const secret = randomBytes(32);
let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({
    MAIL_WEBHOOK_SECRET: `whsec_${secret.toString('base64')}`,
  });
});

afterAll(() => service.stop());

interface Sent {
  id?: string;
  at?: number;
  key?: Buffer;
  body?: unknown;
  signed?: string;
}

async function send({ id = randomUUID(), at = Date.now(), key = secret, body, signed }: Sent) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const timestamp = String(Math.floor(at / 1_000));
  const mac = createHmac('sha256', key)
    .update(`${id}.${timestamp}.${signed ?? text}`)
    .digest('base64');
  return service.app.inject({
    method: 'POST',
    url: '/api/v1/mail/events',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,AAAA v1,${mac}`,
    },
    payload: text,
  });
}

async function sentMail() {
  const { tenantId } = await service.tenant();
  const [id, email] = [randomUUID(), `${randomUUID()}@acme.example`];
  await service.sql(
    `INSERT INTO outgoing_mails (tenant_id, id, kind, category, email, status)
     VALUES ($1, $2, 'password_changed', 'security', $3, 'sent')`,
    [tenantId, id, email],
  );
  const suppressed = async () =>
    (
      await service.sql<{ email: string }>(
        'SELECT email FROM suppressed_addresses WHERE tenant_id = $1',
        [tenantId],
      )
    ).map((row) => row.email);
  return { tenantId, id, email, suppressed, messageId: `<${id}.${tenantId}@poctracker.com>` };
}

const bounce = (messageId: string) => ({
  type: 'email.bounced',
  data: { messageId, permanent: true },
});

describe('An event of the mail provider', () => {
  it.each([
    ['a bounce for good', (messageId: string) => bounce(messageId)],
    ['a complaint', (messageId: string) => ({ type: 'email.complained', data: { messageId } })],
  ])('suppresses the address of the mail: %s', async (_what, event) => {
    const mail = await sentMail();
    expect((await send({ body: event(mail.messageId) })).statusCode).toBe(200);
    expect(await mail.suppressed()).toEqual([mail.email]);
    const events = await service.sql(
      `SELECT details FROM security_events WHERE tenant_id = $1 AND type = 'mail.address_suppressed'`,
      [mail.tenantId],
    );
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain(mail.email);
  });

  it.each([
    ['a wrong key', { key: randomBytes(32) }],
    ['another body', { signed: '{}' }],
    ['a time six minutes ago', { at: Date.now() - 360_000 }],
    ['a time in six minutes', { at: Date.now() + 360_000 }],
  ])('is refused with %s', async (_what, change) => {
    const mail = await sentMail();
    const answer = await send({ body: bounce(mail.messageId), ...change });
    expect(answer.statusCode).toBe(401);
    expect(await mail.suppressed()).toEqual([]);
  });

  it('has no effect the second time, also after an admin has deleted the address', async () => {
    const mail = await sentMail();
    const event = { id: randomUUID(), body: bounce(mail.messageId) };
    await send(event);
    await service.sql('DELETE FROM suppressed_addresses WHERE tenant_id = $1', [mail.tenantId]);
    expect((await send(event)).statusCode).toBe(200);
    expect(await mail.suppressed()).toEqual([]);
  });

  it.each([
    [
      'a temporary bounce',
      (id: string) => ({ type: 'email.bounced', data: { messageId: id, permanent: false } }),
    ],
    ['another type', (id: string) => ({ type: 'constructor', data: { messageId: id } })],
    ['no data', () => ({ type: 'email.bounced', data: null })],
    ['null', () => null],
  ])('suppresses nothing if it is %s', async (_what, event) => {
    const mail = await sentMail();
    expect((await send({ body: event(mail.messageId) })).statusCode).toBe(200);
    expect(await mail.suppressed()).toEqual([]);
  });

  it("cannot name another tenant's mail, nor an address", async () => {
    const [mail, other] = [await sentMail(), await sentMail()];
    await send({ body: bounce(`<${mail.id}.${other.tenantId}@poctracker.com>`) });
    await send({ body: bounce(mail.email) });
    expect([await mail.suppressed(), await other.suppressed()]).toEqual([[], []]);
  });

  it('is at most 16 KiB of JSON', async () => {
    expect((await send({ body: 'x'.repeat(17_000) })).statusCode).toBe(413);
    expect((await send({ body: 'no json' })).statusCode).toBe(400);
  });
});
