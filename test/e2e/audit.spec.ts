import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type {
  AuditEntryResponse,
  AuditHeadResponse,
  AuditPageResponse,
} from '../../apps/auth-service/src/audit/audit.dto.js';
import {
  type SecurityEvent,
  SecurityEvents,
} from '../../apps/auth-service/src/audit/security-events.js';
import { uuidAt } from '../../apps/auth-service/src/audit/uuid-range.js';
import { cliOn } from '../../apps/auth-service/src/cli/cli.fixture.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from './service.fixture.js';

const AGENT = 'audit-spec/1.0';

/** Few connections, so that whoever holds one too long is noticed. */
const POOL = 8;

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({
    DB_POOL_MAX: String(POOL),
    DB_POOL_MIN: '2',
    REQUEST_TIMEOUT_MS: '60000',
  });
});

afterAll(async () => {
  await service?.stop();
});

interface Admin extends Login {
  host: string;
  tenantId: string;
  token: string;
  email: string;
  password: string;
}

async function admin(): Promise<Admin> {
  const { host, tenantId } = await service.tenant({ maxUsers: 100 });
  const { email, password } = await service.user(tenantId, { role: 'admin' });
  const login = await service.login(host, { email, password });
  return { ...login, host, tenantId, token: login.tokens.accessToken, email, password };
}

async function trail(
  token: string,
  query: Record<string, string> = {},
): Promise<AuditEntryResponse[]> {
  const answer = await service.call<AuditPageResponse>('GET', '/audit', { token, query });
  expect(answer.status, answer.text).toBe(200);
  return answer.data.items;
}

async function logIn(host: string, email: string, password: string): Promise<Answer<Login>> {
  return service.call<Login>('POST', '/auth/login', {
    host,
    body: { email, password },
    headers: { 'user-agent': AGENT },
  });
}

/** Until the sealing job has taken everything of the tenant in. */
async function sealed(tenantId: string): Promise<void> {
  await expect
    .poll(
      async () =>
        (await service.sql('SELECT 1 FROM audit_unsealed WHERE tenant_id = $1', [tenantId])).length,
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

/** Events of the past, which only whoever has the server can write. */
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

async function verifyFile(text: string): Promise<{ code: number; out: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-spec-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'export.ndjson');
  await writeFile(path, text);
  // No database: as on another machine.
  return cliOn(null)('audit', 'verify', '--file', path, '--json');
}

describe('the trail of a tenant', () => {
  it('tells of every way in and out: who, whom, from where, with what, and how it ended', async () => {
    const { host, tenantId, token } = await admin();
    const { email, password, userId } = await service.user(tenantId);
    const stranger = `${randomUUID()}@example.com`;
    expect((await logIn(host, email, 'not the password at all')).status).toBe(401);
    expect((await logIn(host, stranger, 'not the password at all')).status).toBe(401);
    const first = await logIn(host, email, password);
    expect(first.status).toBe(200);
    const headers = { 'user-agent': AGENT };
    const { tokens } = first.data;
    const changed = await service.call<{ accessToken: string; refreshToken: string }>(
      'PUT',
      '/auth/password',
      {
        token: tokens.accessToken,
        headers,
        body: { currentPassword: password, newPassword: GOOD_PASSWORD },
      },
    );
    expect(changed.status, changed.text).toBe(200);
    const out = await service.call('POST', '/auth/logout', {
      token: changed.data.accessToken,
      headers,
    });
    expect(out.status).toBe(200);
    const joined = await service.call<Login>('POST', '/auth/register', {
      host,
      headers,
      body: { email: stranger, password: GOOD_PASSWORD, firstName: 'Eva', lastName: 'Lima' },
    });
    expect(joined.status, joined.text).toBe(201);

    const list = (await trail(token, { limit: '100' })).filter(
      ({ table, userAgent }) => table === 'security_events' && userAgent === AGENT,
    );
    const short = list.map(({ type, result, actorId, actorKind, targetId, details }) => ({
      type,
      result,
      actorId,
      actorKind,
      targetId,
      details,
    }));
    const any = expect.anything() as unknown;
    const person = { actorId: userId, actorKind: 'user', result: 'success' };
    expect(short.reverse()).toEqual([
      expect.objectContaining({
        type: 'login.failed',
        result: 'failure',
        actorId: null,
        actorKind: 'anonymous',
        targetId: userId,
        details: { reason: 'INVALID_CREDENTIALS' },
      }),
      expect.objectContaining({
        type: 'login.failed',
        result: 'failure',
        actorId: null,
        actorKind: 'anonymous',
        targetId: null,
        details: { reason: 'INVALID_CREDENTIALS' },
      }),
      expect.objectContaining({ ...person, type: 'login.succeeded' }),
      expect.objectContaining({ ...person, type: 'password.changed' }),
      expect.objectContaining({ ...person, type: 'session.revoked', targetId: any }),
      expect.objectContaining({ ...person, type: 'logout', targetId: any }),
      expect.objectContaining({
        type: 'user.registered',
        actorId: joined.data.user.id,
        targetId: joined.data.user.id,
      }),
    ]);
    expect(
      list.every(({ ipAddress, requestId }) => ipAddress === '127.0.0.1' && requestId !== null),
    ).toBe(true);
    const ofFirst = list.find(({ type }) => type === 'login.succeeded');
    expect(ofFirst?.requestId).toBe(first.headers['x-request-id']);
  });

  it('keeps a failed log-in, with the same answer and the same writes whether or not the address is known', async () => {
    const { host, tenantId } = await admin();
    const { email } = await service.user(tenantId);
    const suspended = await service.user(tenantId, { status: 'suspended' });
    const answers = [
      await logIn(host, email, 'wrong wrong wrong'),
      await logIn(host, 'nobody@example.com', 'wrong wrong wrong'),
      await logIn(host, suspended.email, suspended.password),
    ];
    const bodies = answers.map(({ error: { error, code, status } }) => ({ error, code, status }));
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    const rows = await service.sql<{ row: string }>(
      `SELECT row_to_json(s)::text AS row FROM security_events s WHERE tenant_id = $1 AND type = 'login.failed'`,
      [tenantId],
    );
    expect(rows).toHaveLength(3);
    expect(rows.map(({ row }) => row).join()).not.toMatch(/@example|wrong/);
  });

  it('records the replay of a refresh token, whose transaction ends the session', async () => {
    const { tokens, token } = await admin();
    const next = await service.refresh(tokens.refreshToken);
    await service.refresh(next.data.refreshToken);
    await service.sql(`UPDATE user_sessions SET rotated_at = rotated_at - interval '1 hour'`);
    const replayed = await service.refresh(tokens.refreshToken);
    expect(replayed.error.code).toBe('TOKEN_REVOKED');
    const rows = await service.sql(
      `SELECT result, target_type FROM security_events WHERE type = 'refresh.replayed'`,
    );
    expect(rows).toEqual([{ result: 'failure', target_type: 'session' }]);
    expect(await service.probe(token)).toBe('TOKEN_REVOKED');
  });

  it('records one refusal of a session, code and minute, however many there are', async () => {
    const { token, tenantId, host } = await admin();
    const { email, password, userId } = await service.user(tenantId);
    const other = (await service.login(host, { email, password })).tokens.accessToken;
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => service.call('GET', '/audit', { token: other })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    const refused = await trail(token, { type: 'access.refused' });
    // Two where the minute has turned in between.
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(refused.length).toBeLessThanOrEqual(2);
    expect(refused[0]).toMatchObject({
      actorId: userId,
      actorKind: 'user',
      result: 'failure',
      ipAddress: '127.0.0.1',
      details: { code: 'INSUFFICIENT_PERMISSIONS', method: 'GET', route: '/api/v1/audit' },
    });
  });

  it('tells an operator from a person of the tenant, in changes of rows as well', async () => {
    const { token, tenantId } = await admin();
    const operatorId = randomUUID();
    const platform = service.app.get(PlatformDatabase, { strict: false });
    const recorder = service.app.get(SecurityEvents, { strict: false });
    await platform.transaction({ tenantId, operatorId }, async (query) => {
      await query(`UPDATE tenants SET name = 'Renamed' WHERE id = $1`, [tenantId]);
      await recorder.recordAsOperator(query, tenantId, {
        type: 'tenant.updated',
        result: 'success',
      });
    });
    const found = await trail(token, { actorId: operatorId });
    expect(found.map(({ type, actorKind }) => [type, actorKind])).toEqual([
      ['tenant.updated', 'operator'],
      ['row.updated', 'operator'],
    ]);
  });

  it('leaves out what is named like a secret, and stores whatever text a client sends', async () => {
    const { tenantId, token } = await admin();
    const recorder = service.app.get(SecurityEvents, { strict: false });
    const details = {
      reason: 'half \ud800 and \0 nul',
      password: 'hunter2',
      nested: { refreshToken: 'abc', list: [{ secretHash: 'x', kept: 1 }] },
    };
    await recorder.recordApart(tenantId, { type: 'user.updated', result: 'failure', details });
    await recorder.recordApart(tenantId, {
      type: 'user.deleted',
      result: 'failure',
      details: { long: 'x'.repeat(100_000) },
    } satisfies SecurityEvent);
    const [long, short] = await trail(token, { result: 'failure' });
    expect(short?.details).toEqual({
      reason: 'half \ufffd and \ufffd nul',
      nested: { list: [{ kept: 1 }] },
    });
    expect(long?.details).toEqual({ omittedCharacters: 100_011 });
  });
});

describe('a storm of failing log-ins', () => {
  it('is recorded one for one, and leaves connections to the others', async () => {
    const { host, tenantId, token } = await admin();
    const { email } = await service.user(tenantId);
    const storm = Array.from({ length: 300 }, (_, index) =>
      logIn(host, index % 2 === 0 ? email : `${index}@example.com`, 'wrong wrong wrong'),
    );
    const meanwhile: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      meanwhile.push((await service.call('GET', '/auth/me', { token })).status);
    }
    const statuses = (await Promise.all(storm)).map(({ status }) => status);
    expect(new Set(meanwhile)).toEqual(new Set([200]));
    const [row] = await service.sql<{ count: string }>(
      `SELECT count(*) FROM security_events WHERE tenant_id = $1 AND type = 'login.failed'`,
      [tenantId],
    );
    expect(Number(row?.count)).toBe(statuses.filter((status) => status === 401).length);
    expect(statuses.every((status) => status === 401 || status === 503)).toBe(true);
  });

  it('waits in a lane of its own, however many refusals there are at once', async () => {
    const { tenantId, token } = await admin();
    const recorder = service.app.get(SecurityEvents, { strict: false });
    const peak = { connections: 0 };
    const held = () =>
      service.sql<{ count: string }>(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%INTO security_events%'
           AND state <> 'idle' AND usename = 'poc_tracker_service'`,
      );
    const storm = Promise.all(
      Array.from({ length: 500 }, () =>
        recorder.recordApart(tenantId, { type: 'login.failed', result: 'failure' }),
      ),
    );
    for (let index = 0; index < 5; index += 1) {
      const [row] = await held();
      peak.connections = Math.max(peak.connections, Number(row?.count));
      expect((await service.call('GET', '/auth/me', { token })).status).toBe(200);
    }
    await storm;
    expect(peak.connections).toBeLessThanOrEqual(4);
    const [row] = await service.sql<{ count: string }>(
      `SELECT count(*) FROM security_events WHERE tenant_id = $1 AND type = 'login.failed'`,
      [tenantId],
    );
    expect(row?.count).toBe('500');
  });
});

describe('reading the trail', () => {
  it('gives every entry once, page by page, newest first', async () => {
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

  it('filters by each of its fields', async () => {
    const { token, tenantId, user, host } = await admin();
    const person = await service.user(tenantId);
    await logIn(host, person.email, 'wrong wrong wrong');
    const all = await trail(token, { limit: '100' });
    const cases: [Record<string, string>, (entry: AuditEntryResponse) => boolean][] = [
      [{ type: 'login.succeeded' }, ({ type }) => type === 'login.succeeded'],
      [{ type: 'row.inserted' }, ({ type }) => type === 'row.inserted'],
      [{ result: 'failure' }, ({ result }) => result === 'failure'],
      [{ result: 'success' }, ({ result }) => result === 'success'],
      [{ actorId: user.id }, ({ actorId }) => actorId === user.id],
      [{ targetId: person.userId }, ({ targetId }) => targetId === person.userId],
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
      const found = await trail(token, { limit: '100', ...query });
      const expected = all.filter(meets).map(({ id }) => id);
      expect(
        found.map(({ id }) => id),
        JSON.stringify(query),
      ).toEqual(expected);
    }
  });

  it('refuses what cannot be meant, by the name of the field', async () => {
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

  it('is for whoever may view it, of whatever role, and of this tenant alone', async () => {
    const { token, tenantId, host } = await admin();
    const victim = await admin();
    const [entry] = await trail(victim.token);
    expect(
      (await service.call('GET', `/audit/${entry?.id}`, { token: victim.token })).data,
    ).toEqual(entry);
    expect((await service.call('GET', `/audit/${entry?.id}`, { token })).status).toBe(404);
    expect((await service.call('GET', `/audit/${randomUUID()}`, { token })).status).toBe(404);
    const mine = await trail(token, { limit: '100' });
    expect(new Set(mine.map((one) => one.tenantId))).toEqual(new Set([tenantId]));
    expect((await exported(token)).text).not.toContain(victim.tenantId);

    const reader = await service.user(tenantId, { role: 'viewer', permissions: ['view_audit'] });
    const reading = (await service.login(host, reader)).tokens.accessToken;
    expect((await trail(reading)).length).toBeGreaterThan(0);
    for (const role of ['viewer', 'user', 'manager'] as const) {
      const person = await service.user(tenantId, { role });
      const { tokens } = await service.login(host, person);
      for (const path of ['/audit', '/audit/head', '/audit/export', `/audit/${entry?.id}`]) {
        const answer = await service.call('GET', path, { token: tokens.accessToken });
        expect(answer.status, `${role} ${path}`).toBe(403);
      }
    }
  });
});

describe('an export', () => {
  it('is whole, can be verified without a database, and is itself on record', async () => {
    const { token, tenantId } = await admin();
    await fill(tenantId, 1_234);
    await sealed(tenantId);
    const head = await service.call<AuditHeadResponse>('GET', '/audit/head', { token });
    const { text, lines } = await exported(token);
    expect(lines[0]).toMatchObject({ kind: 'header', tenantId, firstPosition: 1 });
    expect(lines.filter(({ kind }) => kind === 'sealed').length).toBeGreaterThan(1_234);
    expect(lines.at(-1)).toMatchObject({ kind: 'trailer' });
    const { code, out } = await verifyFile(text);
    expect(code, out).toBe(0);
    const { position, hash } = head.data;
    expect(text).toContain(`"position":${position}`);
    expect(text).toContain(hash);
    expect((await trail(token, { type: 'audit.exported' })).length).toBeGreaterThanOrEqual(1);
  });

  it('of a range of time has every position of it, and is intact as well', async () => {
    const { token, tenantId } = await admin();
    await fillAt(tenantId, 20, new Date('2026-03-01T12:00:00Z'));
    await fillAt(tenantId, 30, new Date('2026-03-02T12:00:00Z'));
    await sealed(tenantId);
    const read = async (query: Record<string, string>): Promise<number> => {
      const { text, lines } = await exported(token, query);
      const { code, out } = await verifyFile(text);
      expect(code, out).toBe(0);
      return lines.filter(({ kind }) => kind === 'sealed').length;
    };
    const between = '2026-03-02T00:00:00Z';
    expect(await read({ from: between, to: '2026-03-03T00:00:00Z' })).toBe(30);
    expect(await read({ from: between })).toBeGreaterThan(30);
    expect(await read({ to: '2020-01-01T00:00:00Z' })).toBe(0);
    expect(await read({ from: '2100-01-01T00:00:00Z' })).toBe(0);
    expect(await read({ from: '2026-03-01T00:00:00Z', to: between })).toBe(20);
  });

  it('is broken off visibly when the database fails in the middle, and holds no connection meanwhile', async () => {
    const { token, tenantId } = await admin();
    await fill(tenantId, 8_000, JSON.stringify({ padding: 'x'.repeat(4_000) }));
    await sealed(tenantId);
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
    // The client does not read on: what is under way fits into buffers, and no transaction is open.
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
    expect(text).toContain('"kind":"sealed"');
    expect(text).not.toContain('"kind":"trailer"');
    expect((await verifyFile(text)).code).toBe(1);
    expect((await service.call('GET', '/audit', { token })).status).toBe(200);
  });
});

describe('what the trail holds', () => {
  it('is no password, no token and no hash of one, after all of this', async () => {
    const { tokens, password } = await admin();
    const refreshed = await service.refresh(tokens.refreshToken);
    const rows = await service.sql<{ text: string }>(
      `SELECT row_to_json(s)::text AS text FROM security_events s
       UNION ALL SELECT row_to_json(a)::text FROM audit_log a`,
    );
    const everything = rows.map(({ text }) => text).join('\n');
    expect(rows.length).toBeGreaterThan(1_000);
    for (const secret of [
      password,
      GOOD_PASSWORD,
      'wrong wrong wrong',
      tokens.accessToken,
      tokens.refreshToken,
      refreshed.data.refreshToken,
      'hunter2',
    ]) {
      expect(everything).not.toContain(secret);
    }
    expect(everything).not.toMatch(/\$argon2|eyJ[\w-]+\.eyJ|\\\\x[0-9a-f]{64}/);
  });
});
