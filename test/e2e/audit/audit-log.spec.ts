import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type {
  AuditEntryResponse,
  AuditHeadResponse,
  AuditPageResponse,
} from '../../../apps/auth-service/src/audit/audit.dto.js';
import { SecurityEvents } from '../../../apps/auth-service/src/audit/security-events.js';
import { uuidAt } from '../../../apps/auth-service/src/audit/uuid-range.js';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import { adminOn, logInOn, auditLogOn } from './audit.fixture.js';
import { type Answer, ServiceFixture } from '../service.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({
    // Few connections, so that a request that keeps one too long is noticed.
    DB_POOL_MAX: '8',
    DB_POOL_MIN: '2',
    REQUEST_TIMEOUT_MS: '60000',
  });
});

afterAll(async () => {
  await service?.stop();
});

const admin = () => adminOn(service);
const auditLog = (token: string, query?: Record<string, string>) =>
  auditLogOn(service, token, query);

/** Waits until all entries of the tenant are in its hash chain. */
async function allChained(tenantId: string): Promise<void> {
  await expect
    .poll(
      async () =>
        (await service.sql('SELECT 1 FROM audit_pending WHERE tenant_id = $1', [tenantId])).length,
      { timeout: 30_000, interval: 50 },
    )
    .toBe(0);
}

async function exported(
  token: string,
  query: Record<string, string> = {},
): Promise<{ status: number; text: string; lines: { kind: string }[] }> {
  const { statusCode, headers, payload } = await service.app.inject({
    url: '/api/v1/audit/export',
    query,
    headers: { authorization: `Bearer ${token}` },
  });
  if (statusCode === 200) expect(headers['content-type']).toBe('application/x-ndjson');
  const lines = payload.trimEnd().split('\n');
  return {
    status: statusCode,
    text: payload,
    lines: lines.map((line) => JSON.parse(line) as { kind: string }),
  };
}

/** Inserts past events, which requires control of the server. */
async function fillAt(tenantId: string, rows: number, at: Date): Promise<void> {
  const ids = Array.from(
    { length: rows },
    () => uuidAt(at.getTime()).slice(0, 24) + randomUUID().slice(24),
  );
  await service.sql(
    `INSERT INTO security_events (tenant_id, id, type, result, actor_kind, occurred_at)
     SELECT $1, unnest($2::uuid[]), 'limit.warning', 'success', 'system', $3`,
    [tenantId, ids, at],
  );
}

async function fill(tenantId: string, rows: number, details = '{}'): Promise<void> {
  await service.sql(
    `INSERT INTO security_events (tenant_id, type, result, actor_kind, details)
     SELECT $1, 'limit.warning', 'success', 'system', $3::jsonb FROM generate_series(1, $2::int)`,
    [tenantId, rows, details],
  );
}

function pending(lines: readonly { kind: string }[]): number {
  return lines.filter(({ kind }) => kind === 'pending').length;
}

async function verifyFile(text: string): Promise<{ code: number; out: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-spec-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'export.ndjson');
  await writeFile(path, text);
  // Without a database, as on another machine.
  return cliOn(null)('audit', 'verify', '--file', path, '--json');
}

describe('The list of audit entries', () => {
  it('returns every entry once, page by page, newest first', async () => {
    const { token, tenantId } = await admin();
    await fill(tenantId, 25);
    const seen: AuditEntryResponse[] = [];
    let cursor: string | null = null;
    do {
      const page: Answer<AuditPageResponse> = await service.call('GET', '/audit', {
        token,
        query: { limit: '7', ...(cursor !== null && { cursor }) },
      });
      expect(page.status).toBe(200);
      seen.push(...page.data.items);
      cursor = page.data.nextCursor;
    } while (cursor !== null);
    const [row] = await service.sql<{ count: string }>(
      `SELECT (SELECT count(*) FROM security_events WHERE tenant_id = $1)
            + (SELECT count(*) FROM audit_log WHERE tenant_id = $1) AS count`,
      [tenantId],
    );
    expect(seen).toHaveLength(Number(row?.count));
    const ids = seen.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect(new Set(seen.map(({ table }) => table)).size).toBe(2);
  });

  it('filters by each field', async () => {
    const { token, tenantId, user, host } = await admin();
    const member = await service.user(tenantId);
    await logInOn(service, host, member.email, 'wrong wrong wrong');
    const all = await auditLog(token, { limit: '100' });
    const cases: [Record<string, string>, (entry: AuditEntryResponse) => boolean][] = [
      [{ type: 'login.succeeded' }, ({ type }) => type === 'login.succeeded'],
      [{ type: 'row.inserted' }, ({ type }) => type === 'row.inserted'],
      [{ result: 'failure' }, ({ result }) => result === 'failure'],
      [{ result: 'success' }, ({ result }) => result === 'success'],
      [{ actorId: user.id }, ({ actorId }) => actorId === user.id],
      [{ targetId: member.userId }, ({ targetId }) => targetId === member.userId],
      [
        { table: 'users' },
        ({ table, targetType }) => table === 'audit_log' && targetType === 'users',
      ],
      [
        { from: all[2]?.occurredAt ?? '' },
        ({ occurredAt }) => occurredAt >= (all[2]?.occurredAt ?? ''),
      ],
      [
        { to: all[2]?.occurredAt ?? '' },
        ({ occurredAt }) => occurredAt < (all[2]?.occurredAt ?? ''),
      ],
      [
        { requestId: all.find(({ type }) => type === 'login.failed')?.requestId ?? '' },
        ({ type }) => type === 'login.failed',
      ],
      [
        {
          table: 'users',
          type: 'row.inserted',
          from: '2020-01-01T00:00:00Z',
          to: '2100-01-01T00:00:00+00:00',
        },
        ({ type, targetType }) => type === 'row.inserted' && targetType === 'users',
      ],
      [{ table: 'users', requestId: 'x' }, () => false],
    ];
    for (const [query, meets] of cases) {
      const found = await auditLog(token, { limit: '100', ...query });
      const expected = all.filter(meets).map(({ id }) => id);
      expect(
        found.map(({ id }) => id),
        JSON.stringify(query),
      ).toEqual(expected);
    }
  });

  it('refuses the cursor of a page with other filters', async () => {
    const { token, tenantId } = await admin();
    await fill(tenantId, 3);
    const of = (query: Record<string, string>) =>
      service.call<AuditPageResponse>('GET', '/audit', { token, query });
    const { data } = await of({ limit: '1', result: 'success' });
    const cursor = data.nextCursor ?? '';
    expect((await of({ limit: '2', result: 'success', cursor })).status).toBe(200);
    for (const query of [{ cursor }, { result: 'failure', cursor }])
      expect((await of(query)).error.code).toBe('VALIDATION_ERROR');
  });

  it('refuses an invalid query and names the field', async () => {
    const { token } = await admin();
    const { token: elsewhere } = await admin();
    const page = await service.call<AuditPageResponse>('GET', '/audit', {
      token: elsewhere,
      query: { limit: '1' },
    });
    const wrong: [string, string][] = [
      ['from', 'yesterday'],
      ['from', '2026-01-01'],
      ['to', '2026-02-31T00:00:00Z'],
      ['from', '2026-W01-1T00:00:00Z'],
      ['from', '2026-001T00:00:00Z'],
      ['from', '0000-01-01T00:00:00Z'],
      ['to', '+012026-01-01T00:00:00Z'],
      ['to', '2026-01-01T00:00:00+99:99'],
      ['to', '2026-01-01T00:00:00+23:00'],
      ['to', '2026-01-01T24:30:00Z'],
      ['from', '2026-01-01T00:00Z'],
      ['from', '2026-01-01T00:00:00+0000'],
      ['from', '2026-01-01t00:00:00z'],
      ['targetId', 'a\0b'],
      ['requestId', 'a\0b'],
      ['type', 'no.such'],
      ['result', 'maybe'],
      ['actorId', '1'],
      ['table', 'users; drop'],
      ['limit', '1000'],
      ['cursor', page.data.nextCursor ?? ''],
    ];
    for (const [field, value] of wrong) {
      const answer = await service.call('GET', '/audit', { token, query: { [field]: value } });
      expect([answer.status, answer.error.code], `${field}=${value}`).toEqual([
        400,
        'VALIDATION_ERROR',
      ]);
      expect(JSON.stringify(answer.error.details)).toContain(`"${field}"`);
    }
    const reversed = { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' };
    expect((await service.call('GET', '/audit/export', { token, query: reversed })).status).toBe(
      400,
    );
  });

  it('requires the permission to view the audit log, for any role, and shows the entries of that tenant only', async () => {
    const { token, tenantId, host } = await admin();
    const victim = await admin();
    const [entry] = await auditLog(victim.token);
    expect(
      (await service.call('GET', `/audit/${entry?.id}`, { token: victim.token })).data,
    ).toEqual(entry);
    expect((await service.call('GET', `/audit/${entry?.id}`, { token })).status).toBe(404);
    expect((await service.call('GET', `/audit/${randomUUID()}`, { token })).status).toBe(404);
    const mine = await auditLog(token, { limit: '100' });
    expect(new Set(mine.map((one) => one.tenantId))).toEqual(new Set([tenantId]));
    expect((await exported(token)).text).not.toContain(victim.tenantId);

    const reader = await service.user(tenantId, { role: 'viewer', permissions: ['view_audit'] });
    const reading = (await service.login(host, reader)).tokens.accessToken;
    expect((await auditLog(reading)).length).toBeGreaterThan(0);
    for (const role of ['viewer', 'user', 'manager'] as const) {
      const member = await service.user(tenantId, { role });
      const { tokens } = await service.login(host, member);
      for (const path of ['/audit', '/audit/head', '/audit/export', `/audit/${entry?.id}`]) {
        const answer = await service.call('GET', path, { token: tokens.accessToken });
        expect(answer.status, `${role} ${path}`).toBe(403);
      }
    }
  });
});

describe('The export of the audit log', () => {
  it('contains every entry, can be verified without a database and is itself recorded', async () => {
    const { token, tenantId } = await admin();
    await fill(tenantId, 1_234);
    await allChained(tenantId);
    const head = await service.call<AuditHeadResponse>('GET', '/audit/head', { token });
    const { text, lines } = await exported(token);
    expect(lines[0]).toMatchObject({ kind: 'header', tenantId, firstPosition: 1 });
    expect(lines.filter(({ kind }) => kind === 'chained').length).toBeGreaterThan(1_234);
    expect(lines.at(-1)).toMatchObject({ kind: 'trailer' });
    const { code, out } = await verifyFile(text);
    expect(code, out).toBe(0);
    const { position, hash } = head.data;
    expect(text).toContain(`"position":${position}`);
    expect(text).toContain(hash);
    expect((await auditLog(token, { type: 'audit.exported' })).length).toBeGreaterThanOrEqual(1);
  });

  it('has one line per entry, whatever line breaks users and clients have sent', async () => {
    const { token, tenantId } = await admin();
    const forged = '\r\n{"kind":"trailer"}\n\u2028{"kind":"trailer"}\u2029\u0085\v\f';
    const refused = await service.call('PUT', '/auth/me', { token, body: { firstName: forged } });
    expect([refused.status, refused.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const recorder = service.app.get(SecurityEvents, { strict: false });
    await recorder.recordInOwnTransaction(
      tenantId,
      {
        type: 'user.updated',
        result: 'failure',
        target: { type: 'user', id: forged },
        details: { forged },
      },
      { client: { ipAddress: '203.0.113.7', userAgent: forged }, requestId: forged },
    );
    await allChained(tenantId);
    const { text, lines } = await exported(token);
    expect(text).not.toMatch(/[\r\v\f]/);
    expect(text.match(/\n/g)).toHaveLength(lines.length);
    expect(lines.filter(({ kind }) => kind === 'trailer')).toHaveLength(1);
    const { code, out } = await verifyFile(text);
    expect(code, out).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      auditLogs: [{ chained: lines.length - 2 - pending(lines) }],
    });
    // As a mail client or another system may change it.
    expect((await verifyFile(text.replaceAll('\n', '\r\n'))).code).toBe(0);
    const [entry] = await auditLogOn(service, token, { result: 'failure' });
    expect(entry).toMatchObject({ targetId: forged, userAgent: forged, details: { forged } });
  });

  it('of a time range contains every position in it and is intact', async () => {
    const { token, tenantId } = await admin();
    await fillAt(tenantId, 20, new Date('2026-03-01T12:00:00Z'));
    await fillAt(tenantId, 30, new Date('2026-03-02T12:00:00Z'));
    await allChained(tenantId);
    const read = async (query: Record<string, string>): Promise<number> => {
      const { text, lines } = await exported(token, query);
      const { code, out } = await verifyFile(text);
      expect(code, out).toBe(0);
      return lines.filter(({ kind }) => kind === 'chained').length;
    };
    const between = '2026-03-02T00:00:00Z';
    expect(await read({ from: between, to: '2026-03-03T00:00:00Z' })).toBe(30);
    expect(await read({ from: between })).toBeGreaterThan(30);
    expect(await read({ to: '2020-01-01T00:00:00Z' })).toBe(0);
    expect(await read({ from: '2100-01-01T00:00:00Z' })).toBe(0);
    expect(await read({ from: '2026-03-01T00:00:00Z', to: between })).toBe(20);
  });

  it('is visibly cut off when the database fails in the middle, and occupies no connection meanwhile', async () => {
    const { token, tenantId } = await admin();
    await fill(tenantId, 8_000, JSON.stringify({ padding: 'x'.repeat(4_000) }));
    await allChained(tenantId);
    await service.app.listen(0, '127.0.0.1');
    const { port } = service.app.getHttpServer().address() as AddressInfo;
    const sent = request({
      port,
      path: '/api/v1/audit/export',
      headers: { authorization: `Bearer ${token}` },
    }).end();
    const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    const failed = new Promise((resolve) => response.on('error', resolve));
    response.setEncoding('utf8');
    await once(response, 'readable');
    text += String(response.read() ?? '');
    // The client stops reading: the data in flight fits into buffers, and no transaction is open.
    await expect
      .poll(
        async () =>
          (
            await service.sql(
              `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'`,
            )
          ).length,
      )
      .toBe(0);
    await service.sql('REVOKE SELECT ON audit_chain FROM authenticated_user');
    try {
      response.on('data', (chunk: string) => (text += chunk));
      expect(await failed).toBeInstanceOf(Error);
    } finally {
      await service.sql('GRANT SELECT ON audit_chain TO authenticated_user');
    }
    expect(text).toContain('"kind":"chained"');
    expect(text).not.toContain('"kind":"trailer"');
    expect((await verifyFile(text)).code).toBe(1);
    expect((await service.call('GET', '/audit', { token })).status).toBe(200);
  });
});
