import { randomUUID } from 'node:crypto';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import {
  type SecurityEvent,
  SecurityEvents,
} from '../../../apps/auth-service/src/audit/security-events.js';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import type { OperatorInvitation } from '../../../apps/auth-service/src/platform/operators/operator.service.js';
import { AGENT, auditLogOn } from './audit.fixture.js';
import { GOOD_PASSWORD, type Login } from '../service.fixture.js';
import {
  admin,
  expectNoSecrets,
  logIn,
  service,
  useAuditedService,
} from './audit-events.fixture.js';

useAuditedService();

async function operatorToken(): Promise<string> {
  const email = `${randomUUID()}@ops.example`;
  const created = await cliOn(service.database)('operators', 'create', '--email', email, '--json');
  const { secret } = created.json() as OperatorInvitation;
  const body = { email, secret, password: GOOD_PASSWORD };
  await service.call('POST', '/platform/operators/activate', { host: 'platform.localhost', body });
  const { tokens } = await service.login('platform.localhost', { email, password: GOOD_PASSWORD });
  return tokens.accessToken;
}

const auditLog = (token: string, query?: Record<string, string>) =>
  auditLogOn(service, token, query);

describe('The audit log of a tenant', () => {
  it('records every log-in, refresh and log-out with its actor, target, origin and result', async () => {
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

    const list = (await auditLog(token, { limit: '100' })).filter(
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
    const byUser = { actorId: userId, actorKind: 'user', result: 'success' };
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
      expect.objectContaining({ ...byUser, type: 'login.succeeded' }),
      expect.objectContaining({ ...byUser, type: 'password.changed' }),
      expect.objectContaining({ ...byUser, type: 'session.revoked', targetId: any }),
      expect.objectContaining({ ...byUser, type: 'logout', targetId: any }),
      expect.objectContaining({
        type: 'login.succeeded',
        actorId: joined.data.user.id,
        targetId: joined.data.user.id,
      }),
      expect.objectContaining({
        type: 'user.registered',
        actorId: joined.data.user.id,
        targetId: joined.data.user.id,
      }),
    ]);
    expect(
      list.every(({ ipAddress, requestId }) => ipAddress === '127.0.0.1' && requestId !== null),
    ).toBe(true);
    const ofFirst = list.find(
      ({ type, actorId }) => type === 'login.succeeded' && actorId === userId,
    );
    expect(ofFirst?.requestId).toBe(first.headers['x-request-id']);
  });

  it('records each security event with its actor, target, details, request, origin and result', async () => {
    const { host, tenantId, token } = await admin();
    const headers = { 'user-agent': AGENT };
    const member = await service.user(tenantId, { role: 'user' });
    const call = async (
      method: 'POST' | 'GET' | 'PATCH' | 'DELETE',
      path: string,
      by: string,
      body?: object,
    ) => {
      const answer = await service.call<{ id: string; token: string; invitation: { id: string } }>(
        method,
        path,
        {
          token: by,
          headers,
          ...(body !== undefined && { body }),
        },
      );
      return answer.data;
    };
    await logIn(host, member.email, 'wrong wrong wrong');
    const { tokens } = (await logIn(host, member.email, member.password)).data;
    await call('GET', '/audit', tokens.accessToken);
    const wrong = { currentPassword: 'wrong wrong wrong', newPassword: GOOD_PASSWORD };
    await service.call('PUT', '/auth/password', {
      token: tokens.accessToken,
      headers,
      body: wrong,
    });
    for (let turn = 0; turn < 2; turn += 1) {
      await service.call('POST', '/auth/refresh', {
        headers,
        body: { refreshToken: tokens.refreshToken },
      });
      await service.sql(
        `UPDATE user_sessions SET rotated_at = rotated_at - interval '1 hour' WHERE user_id = $1`,
        [member.userId],
      );
    }
    const user = `/auth/users/${member.userId}`;
    await call('POST', `${user}/role`, token, { role: 'manager' });
    await call('POST', `${user}/suspend`, token);
    await call('POST', `${user}/reactivate`, token);
    await call('POST', `${user}/require-password-change`, token);
    await call('PATCH', user, token, { firstName: 'Eva' });
    await call('POST', `${user}/deactivate`, token);
    await call('POST', `${user}/reset-password`, token);
    const guest = `${randomUUID()}@example.com`;
    const invited = await call('POST', '/auth/invitations', token, { email: guest, role: 'user' });
    await call('POST', `/auth/invitations/${invited.invitation.id}/resend`, token);
    await call('DELETE', `/auth/invitations/${invited.invitation.id}`, token);
    const again = await call('POST', '/auth/invitations', token, { email: guest, role: 'user' });
    const name = { firstName: 'Eva', lastName: 'Lima' };
    const joined = await service.call<Login>('POST', '/auth/register', {
      host,
      headers,
      body: { email: guest, password: GOOD_PASSWORD, inviteToken: again.token, ...name },
    });
    expect(joined.status, joined.text).toBe(201);
    await logIn(host, guest, GOOD_PASSWORD);
    await call('DELETE', '/auth/sessions', joined.data.tokens.accessToken);
    await call('DELETE', `/auth/users/${joined.data.user.id}`, token);
    const role = await call('POST', '/auth/roles', token, { name: 'Guests', permissions: [] });
    await call('PATCH', `/auth/roles/${role.id}`, token, { name: 'Visitors' });
    await call('DELETE', `/auth/roles/${role.id}`, token);
    await call('PATCH', '/tenants/current/settings', token, { theme: { darkMode: true } });
    await call('GET', '/audit/export', token).catch(() => undefined);
    const operator = await operatorToken();
    await call('GET', `/platform/tenants/${tenantId}`, operator);
    await call('PATCH', `/platform/tenants/${tenantId}/plan`, operator, { plan: 'pro' });
    await call('POST', `/platform/tenants/${tenantId}/suspend`, operator, { reason: 'unpaid' });
    await call('POST', `/platform/tenants/${tenantId}/suspend`, operator, { reason: 'again' });
    await call('POST', `/platform/tenants/${tenantId}/reactivate`, operator, { reason: 'paid' });

    const events = await service.sql<Record<string, unknown>>(
      `SELECT type, result, actor_id IS NOT NULL AS actor, actor_kind, target_type, target_id, host(ip_address) AS ip,
              user_agent, request_id, occurred_at > now() - interval '1 minute' AS recent, tenant_id
         FROM security_events WHERE tenant_id = $1 AND user_agent = $2 ORDER BY id`,
      [tenantId, AGENT],
    );
    const seen = new Map(
      events.map((event) => [`${String(event['type'])} ${String(event['result'])}`, event]),
    );
    const any = expect.any(String) as unknown;
    const by = { user: 'user', operator: 'operator', anonymous: 'anonymous' };
    for (const [type, result, kind, target] of [
      ['login.failed', 'failure', by.anonymous, 'user'],
      ['login.succeeded', 'success', by.user, 'user'],
      ['access.refused', 'failure', by.user, 'route'],
      ['password.changed', 'failure', by.user, 'user'],
      ['refresh.replayed', 'failure', by.user, 'session'],
      ['user.role_changed', 'success', by.user, 'user'],
      ['user.suspended', 'success', by.user, 'user'],
      ['user.reactivated', 'success', by.user, 'user'],
      ['password.change_required', 'success', by.user, 'user'],
      ['user.deactivated', 'success', by.user, 'user'],
      ['password.reset', 'success', by.user, 'user'],
      ['user.updated', 'success', by.user, 'user'],
      ['invitation.created', 'success', by.user, 'invitation'],
      ['invitation.resent', 'success', by.user, 'invitation'],
      ['invitation.revoked', 'success', by.user, 'invitation'],
      ['invitation.accepted', 'success', by.user, 'invitation'],
      ['user.registered', 'success', by.user, 'user'],
      ['session.revoked', 'success', by.user, 'session'],
      ['user.deleted', 'success', by.user, 'user'],
      ['role.created', 'success', by.user, 'role'],
      ['role.updated', 'success', by.user, 'role'],
      ['role.deleted', 'success', by.user, 'role'],
      ['tenant.settings_changed', 'success', by.user, 'tenant'],
      ['audit.exported', 'success', by.user, 'tenant'],
      ['operator.accessed', 'success', by.operator, 'tenant'],
      ['operator.accessed', 'failure', by.operator, 'tenant'],
      ['tenant.plan_changed', 'success', by.operator, 'tenant'],
      ['tenant.suspended', 'success', by.operator, 'tenant'],
      ['tenant.reactivated', 'success', by.operator, 'tenant'],
    ] as const) {
      expect(seen.get(`${type} ${result}`), `${type} ${result}`).toEqual({
        type,
        result,
        actor: kind !== by.anonymous,
        actor_kind: kind,
        target_type: target,
        target_id: any,
        ip: '127.0.0.1',
        user_agent: AGENT,
        request_id: any,
        recent: true,
        tenant_id: tenantId,
      });
    }
  });

  it('keeps a log-in that fails at its last step, although its transaction is rolled back', async () => {
    const { host, tenantId } = await admin();
    const { email, password, userId } = await service.user(tenantId);
    const changing = new pg.Client(service.database.adminUrl);
    await changing.connect();
    try {
      await changing.query('BEGIN');
      await changing.query('UPDATE users SET must_change_password = true WHERE id = $1', [userId]);
      // The password is correct, and the log-in waits for the row lock.
      const late = logIn(host, email, password);
      await expect
        .poll(() =>
          service.sql(
            `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
          ),
        )
        .toHaveLength(1);
      await changing.query('COMMIT');
      expect([(await late).status, (await late).error.code]).toEqual([401, 'INVALID_CREDENTIALS']);
    } finally {
      await changing.end();
    }
    const events = await service.sql(
      `SELECT type, result, target_id FROM security_events WHERE tenant_id = $1 AND user_agent = $2`,
      [tenantId, AGENT],
    );
    expect(events).toEqual([{ type: 'login.failed', result: 'failure', target_id: userId }]);
    const sessions = await service.sql('SELECT 1 FROM user_sessions WHERE user_id = $1', [userId]);
    expect(sessions).toEqual([]);
  });

  it('records a failed log-in with the same answer and the same writes for a known and an unknown address', async () => {
    const { host, tenantId } = await admin();
    const { email } = await service.user(tenantId);
    const suspended = await service.user(tenantId, { status: 'suspended' });
    const answers = [
      await logIn(host, email, 'wrong wrong wrong'),
      await logIn(host, 'unknown@example.com', 'wrong wrong wrong'),
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

  it('records the reuse of a refresh token, whose transaction ends the session', async () => {
    const { tokens, token, tenantId } = await admin();
    const next = await service.refresh(tokens.refreshToken);
    await service.refresh(next.data.refreshToken);
    await service.sql(`UPDATE user_sessions SET rotated_at = rotated_at - interval '1 hour'`);
    const replayed = await service.refresh(tokens.refreshToken);
    expect(replayed.error.code).toBe('TOKEN_REVOKED');
    const rows = await service.sql(
      `SELECT result, target_type FROM security_events WHERE type = 'refresh.replayed' AND tenant_id = $1`,
      [tenantId],
    );
    expect(rows).toEqual([{ result: 'failure', target_type: 'session' }]);
    expect(await service.probe(token)).toBe('TOKEN_REVOKED');
  });

  it('records one refusal per session, code and minute, however many requests are refused', async () => {
    const { token, tenantId, host } = await admin();
    const { email, password, userId } = await service.user(tenantId);
    const other = (await service.login(host, { email, password })).tokens.accessToken;
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => service.call('GET', '/audit', { token: other })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    const refused = await auditLog(token, { type: 'access.refused' });
    // Two if a new minute began in between.
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(refused.length).toBeLessThanOrEqual(2);
    expect(refused[0]).toMatchObject({
      actorId: userId,
      actorKind: 'user',
      result: 'failure',
      ipAddress: '127.0.0.1',
      targetId: '/api/v1/audit',
      details: { code: 'INSUFFICIENT_PERMISSIONS', method: 'GET' },
    });
  });

  it('distinguishes an operator from a user of the tenant, in row changes as well', async () => {
    const { token, tenantId } = await admin();
    const operatorId = randomUUID();
    const platform = service.app.get(PlatformDatabase, { strict: false });
    const recorder = service.app.get(SecurityEvents, { strict: false });
    await platform.transaction({ tenantId, operatorId }, async (transaction) => {
      await transaction.query(`UPDATE tenants SET name = 'Renamed' WHERE id = $1`, [tenantId]);
      await recorder.recordIn(transaction, {
        type: 'tenant.updated',
        result: 'success',
      });
    });
    const found = await auditLog(token, { actorId: operatorId });
    expect(found.map(({ type, actorKind }) => [type, actorKind])).toEqual([
      ['tenant.updated', 'operator'],
      ['row.updated', 'operator'],
    ]);
  });

  it('omits fields that are named like secrets and stores any text that a client sends', async () => {
    const { tenantId, token } = await admin();
    const recorder = service.app.get(SecurityEvents, { strict: false });
    const details = {
      reason: 'half \ud800 and \0 nul',
      password: 'hunter2',
      nested: { refreshToken: 'abc', list: [{ secretHash: 'x', kept: 1 }] },
    };
    await recorder.recordInOwnTransaction(tenantId, {
      type: 'user.updated',
      result: 'failure',
      details,
    });
    await recorder.recordInOwnTransaction(tenantId, {
      type: 'user.deleted',
      result: 'failure',
      details: { long: 'x'.repeat(100_000), reason: 'kept' },
    } satisfies SecurityEvent);
    const [long, short] = await auditLog(token, { result: 'failure' });
    expect(short?.details).toEqual({
      reason: 'half \ufffd and \ufffd nul',
      nested: { list: [{ kept: 1 }] },
    });
    expect(long?.details).toEqual({
      long: expect.stringMatching(/^x{8000}/) as unknown,
      reason: 'kept',
      truncated: ['long'],
    });
  });
});

describe('The audit log after all these events', () => {
  it('contains no password, no token and no hash of one', () => expectNoSecrets(50));
});
