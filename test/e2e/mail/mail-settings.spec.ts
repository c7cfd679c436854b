import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpFixture } from '../../../apps/auth-service/src/mail/delivery/smtp.fixture.js';
import { type Login, ServiceFixture } from '../service.fixture.js';

let smtp: SmtpFixture;
let service: ServiceFixture;

beforeAll(async () => {
  smtp = await SmtpFixture.start();
  service = await ServiceFixture.start({ SMTP_URL: smtp.url });
});

afterAll(async () => {
  await service.stop();
  await smtp.stop();
});

const PATH = '/tenants/current/mail';
const SERVER = { host: 'smtp.tenant.example', port: 587, user: 'mailer', password: 'geheim-4711' };

async function adminOf() {
  const { tenantId, host } = await service.tenant();
  const admin = await service.user(tenantId, { role: 'admin' });
  const { tokens }: Login = await service.login(host, admin);
  const call = <T = Record<string, unknown>>(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path = '',
    body?: unknown,
  ) =>
    service.call<T>(method, `${PATH}${path}`, {
      token: tokens.accessToken,
      ...(body !== undefined && { body }),
    });
  return { tenantId, host, admin, call };
}

const faults = (error: { details?: unknown }) => JSON.stringify(error.details);

describe('The mail settings of a tenant', () => {
  it('never return the password, and do not store it readably', async () => {
    const { tenantId, call } = await adminOf();
    const put = await call('PUT', '', { senderAddress: 'a@tenant.example', smtp: SERVER });
    expect(put.status).toBe(200);
    const smtpServer = { host: SERVER.host, port: 587, user: 'mailer', hasPassword: true };
    expect((await call('GET')).data).toMatchObject({ smtp: smtpServer });
    const audit = await service.sql(
      'SELECT old_data, new_data FROM audit_log WHERE tenant_id = $1',
      [tenantId],
    );
    const stored = await service.sql<{ smtp_password: Buffer }>(
      'SELECT smtp_password FROM tenant_mail WHERE tenant_id = $1',
      [tenantId],
    );
    expect(stored[0]?.smtp_password.includes('geheim')).toBe(false);
    for (const shown of [put.text, (await call('GET')).text, JSON.stringify(audit)])
      expect(shown).not.toMatch(/geheim|smtp_password":"/);
  });

  it('keep the password for the same server and user, and for no other', async () => {
    const { tenantId, call } = await adminOf();
    const sender = { senderAddress: 'a@tenant.example' };
    const { password: _password, ...server } = SERVER;
    await call('PUT', '', { ...sender, smtp: SERVER });
    const stored = () =>
      service.sql('SELECT smtp_password FROM tenant_mail WHERE tenant_id = $1', [tenantId]);
    const before = await stored();
    expect((await call('PUT', '', { ...sender, senderName: 'Acme', smtp: server })).status).toBe(
      200,
    );
    expect(await stored()).toEqual(before);
    for (const change of [{ host: 'evil.example' }, { port: 25 }, { user: 'other' }]) {
      const answer = await call('PUT', '', { ...sender, smtp: { ...server, ...change } });
      expect([answer.status, faults(answer.error)]).toEqual([
        400,
        expect.stringContaining('smtp.password'),
      ]);
    }
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['a port of another program', { ...SERVER, port: 6379 }],
    ['an address in place of a name', { ...SERVER, host: '169.254.169.254' }],
    ['a name without a dot', { ...SERVER, host: 'localhost' }],
    ['a line break in the password', { ...SERVER, password: 'a\r\nMAIL FROM:<x>' }],
    ['a line break in the user', { ...SERVER, user: 'a\r\nb' }],
  ])('refuse %s', async (_what, server) => {
    const { call } = await adminOf();
    const answer = await call('PUT', '', { senderAddress: 'a@tenant.example', smtp: server });
    expect(answer.status).toBe(400);
  });

  it('accept a sender without a server only of a domain that the tenant has proven', async () => {
    const { tenantId, call } = await adminOf();
    const other = await adminOf();
    await service.sql(
      `INSERT INTO tenant_domains (tenant_id, domain, token, verified_at) VALUES ($1, $2, 'x', now())`,
      [tenantId, `${tenantId}.example`],
    );
    const body = { senderAddress: `help@${tenantId}.example` };
    expect((await call('PUT', '', body)).status).toBe(200);
    const answer = await other.call('PUT', '', body);
    expect([answer.status, faults(answer.error)]).toEqual([
      400,
      expect.stringContaining('senderAddress'),
    ]);
  });

  it('send a test mail to the admin with the sender of the tenant, and tell that it was sent', async () => {
    const { call, admin } = await adminOf();
    await call('PUT', '', { senderName: 'Acme "Support"', replyTo: 'help@acme.example' });
    const sent = await call<{ id: string; status: string }>('POST', '/test');
    expect(sent.status).toBe(201);
    const [mail] = await smtp.received(admin.email);
    expect(mail?.from?.value).toEqual([
      { name: 'Acme "Support"', address: 'no-reply@poctracker.com' },
    ]);
    expect(mail?.replyTo?.text).toBe('help@acme.example');
    const state = await call<{ status: string }>('GET', `/test/${sent.data.id}`);
    expect(['pending', 'sent']).toContain(state.data.status);
    const hostile = await adminOf();
    expect((await hostile.call('GET', `/test/${sent.data.id}`)).status).toBe(404);
  });

  it('limit test mails to five an hour', async () => {
    const { call } = await adminOf();
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', '/test')));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 201, 201, 201, 201, 429, 429, 429]);
  });

  it('are deleted with their password', async () => {
    const { tenantId, call } = await adminOf();
    await call('PUT', '', { senderAddress: 'a@tenant.example', smtp: SERVER });
    expect((await call('DELETE')).status).toBe(200);
    expect((await call('GET')).data).toMatchObject({ smtp: null, senderAddress: null });
    const rows = await service.sql('SELECT FROM tenant_mail WHERE tenant_id = $1', [tenantId]);
    expect(rows).toEqual([]);
    const events = await service.sql(
      `SELECT details FROM security_events WHERE tenant_id = $1 AND type = 'mail.settings_changed' ORDER BY id`,
      [tenantId],
    );
    expect(events).toHaveLength(2);
  });
});

describe('The mail templates of a tenant', () => {
  const RESET = '/templates/reset_password/pt-BR';

  it('replace the texts of the service in mails of the tenant, and of no other', async () => {
    const { call, admin } = await adminOf();
    const other = await adminOf();
    const text = { subject: 'Teste {{ tenant }}', body: 'Olá <b>{{ email }}</b>' };
    expect((await call('PUT', '/templates/test_mail/pt-BR', text)).status).toBe(200);
    await Promise.all([call('POST', '/test'), other.call('POST', '/test')]);
    const [mine] = await smtp.received(admin.email);
    expect(mine?.subject).toMatch(/^Teste /);
    expect(mine?.html).toContain(`&lt;b&gt;${admin.email}&lt;/b&gt;`);
    const [theirs] = await smtp.received(other.admin.email);
    expect(theirs?.subject).toContain('Teste das configurações');
    await call('DELETE', '/templates/test_mail/pt-BR');
    const list = await call<{ items: { kind: string; locale: string; overridden: boolean }[] }>(
      'GET',
      '/templates',
    );
    expect(list.data.items.every(({ overridden }) => !overridden)).toBe(true);
    expect(list.data.items).toContainEqual(
      expect.objectContaining({ kind: 'reset_password', locale: 'en-US', overridden: false }),
    );
  });

  it.each([
    ['without the link', { subject: 'S', body: 'Nothing' }, 'must use {{ link }}'],
    [
      'with a loop',
      { subject: 'S', body: '{{ link }}{% for i in (1..9) %}{% endfor %}' },
      'no tags',
    ],
    ['with the link in the subject', { subject: '{{ link }}', body: '{{ link }}' }, 'subject'],
    [
      'with a line break in the subject',
      { subject: 'S\r\nBcc: x@x.example', body: '{{ link }}' },
      'subject',
    ],
    ['that is too long', { subject: 'S', body: `{{ link }}${'x'.repeat(4_000)}` }, 'body'],
  ])('refuse a text %s', async (_what, text, reason) => {
    const { call } = await adminOf();
    const answer = await call('PUT', RESET, text);
    expect(answer.status).toBe(400);
    expect(faults(answer.error)).toContain(reason);
  });

  it('are only of kinds and languages that exist', async () => {
    const { call } = await adminOf();
    const text = { subject: 'S', body: 'B' };
    for (const path of ['/templates/constructor/pt-BR', '/templates/test_mail/de-DE'])
      expect((await call('PUT', path, text)).status).toBe(400);
  });
});

describe('A suppressed address', () => {
  it('is shown to admins of its tenant, gets no mails, and gets them again once it is deleted', async () => {
    const { tenantId, call, admin } = await adminOf();
    const hostile = await adminOf();
    await service.sql(
      `INSERT INTO suppressed_addresses (tenant_id, email, reason) VALUES ($1, $2, 'complaint')`,
      [tenantId, admin.email],
    );
    const list = await call<{ items: { id: string; email: string; reason: string }[] }>(
      'GET',
      '/suppressions',
    );
    expect(list.data.items).toMatchObject([{ email: admin.email, reason: 'complaint' }]);
    expect((await hostile.call('GET', '/suppressions')).data).toEqual({ items: [] });
    expect((await call('POST', '/test')).data).toMatchObject({ status: 'suppressed' });
    const id = list.data.items[0]?.id ?? '';
    expect((await hostile.call('DELETE', `/suppressions/${id}`)).status).toBe(404);
    expect((await call('DELETE', `/suppressions/${id}`)).status).toBe(200);
    expect((await call('POST', '/test')).data).toMatchObject({ status: 'pending' });
    expect(await smtp.received(admin.email)).toHaveLength(1);
  });
});
