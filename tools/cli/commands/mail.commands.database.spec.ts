import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS_OF_MAIL } from '../../../apps/auth-service/src/mail/templates/mail-kinds.js';
import { type CliRun, cliOn } from '../cli.fixture.js';

let database: TestDatabase;
let tenantId: string;
let cli: (...argv: string[]) => Promise<CliRun>;

beforeAll(async () => {
  database = await createTestDatabase();
  cli = cliOn(database);
  ({ tenantId } = await seedTenant(database, { subdomain: 'acme' }));
  await seedTenant(database, { subdomain: 'globex' });
});

afterAll(() => database.drop());

async function seedMail(status: string, content: string | null): Promise<string> {
  const id = randomUUID();
  await database.sql(
    `INSERT INTO outgoing_mails (tenant_id, id, kind, category, email, status, content, attempts, last_error)
     VALUES ($1, $2, 'password_changed', 'security', 'ana@acme.example', $3, $4, 20, 'smtp 452')`,
    [tenantId, id, status, content === null ? null : Buffer.from(content)],
  );
  return id;
}

describe('mail list', () => {
  it('shows dead mails with the reason, without content and whole address, and exits with 1', async () => {
    const id = await seedMail('dead', 'geheim');
    const { code, out } = await cli('mail', 'list', '--dead');
    expect(code).toBe(1);
    expect(out).toContain(id);
    expect(out).toContain('smtp 452');
    expect(out).not.toMatch(/ana@|geheim/);
    expect((await cli('mail', 'list', '--dead', '--tenant', 'globex')).out).toBe(
      'There are none.\n',
    );
  });
});

describe('mail retry', () => {
  it('makes a dead mail pending again if its content is kept', async () => {
    const [kept, erased] = [await seedMail('dead', 'x'), await seedMail('dead', null)];
    expect((await cli('mail', 'retry', '--id', kept)).out).toBe('1 mails are sent again.\n');
    expect((await cli('mail', 'retry', '--id', erased)).out).toBe('0 mails are sent again.\n');
    const rows = await database.sql(
      'SELECT status, attempts FROM outgoing_mails WHERE tenant_id = $1 AND id = $2',
      [tenantId, kept],
    );
    expect(rows).toEqual([{ status: 'pending', attempts: 0 }]);
  });

  it('is recorded in the audit log of each tenant that it concerns, with the number of mails', async () => {
    await database.sql('DELETE FROM outgoing_mails');
    for (let count = 0; count < 3; count += 1) await seedMail('dead', 'x');
    const recorded = () =>
      database.sql(
        `SELECT tenant_id AS id, actor_kind AS actor, details ->> 'mails' AS mails, details ->> 'via' AS via
           FROM security_events WHERE type = 'mail.retried' ORDER BY occurred_at DESC LIMIT 1`,
      );
    await cli('mail', 'retry', '--tenant', 'globex');
    expect(await recorded()).not.toMatchObject([{ mails: '3' }]);
    expect((await cli('mail', 'retry')).out).toBe('3 mails are sent again.\n');
    expect(await recorded()).toEqual([{ id: tenantId, actor: 'operator', mails: '3', via: 'cli' }]);
  });
});

describe('mail limit', () => {
  it('sets the limit of a tenant, and records it in its audit log', async () => {
    expect((await cli('mail', 'limit', '--tenant', 'acme', '--per-hour', '5000')).code).toBe(0);
    const rows = await database.sql('SELECT mails_per_hour AS n FROM tenant_mail_limits');
    expect(rows).toEqual([{ n: 5000 }]);
    const events = await database.sql(
      `SELECT tenant_id AS id FROM security_events WHERE type = 'mail.limit_changed'`,
    );
    expect(events).toEqual([{ id: tenantId }]);
    expect((await cli('mail', 'limit', '--tenant', 'acme', '--per-hour', '-1')).code).toBe(2);
  });
});

describe('mail preview', () => {
  it('writes every mail in both languages', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-preview-'));
    const { code } = await cli('mail', 'preview', '--out', folder);
    expect(code).toBe(0);
    const files = readdirSync(folder);
    expect(files).toContain('reset_password.pt-BR.html');
    expect(files).toHaveLength(KINDS_OF_MAIL.length * 2 * 2);
    expect(readFileSync(join(folder, 'login_code.en-US.txt'), 'utf8')).toContain('482913');
    rmSync(folder, { recursive: true });
  });
});
