import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../service.fixture.js';
import { type Admin, adminOn } from './audit.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({ REQUEST_TIMEOUT_MS: '60000' });
  await service.app.listen(0, '127.0.0.1');
});

afterAll(async () => {
  await service?.stop();
});

/** An admin of a tenant whose audit log takes many pages and more memory than the buffers of a connection. */
async function adminWithLongLog(): Promise<Admin> {
  const admin = await adminOn(service);
  await service.sql(
    `INSERT INTO security_events (tenant_id, type, result, actor_kind, details)
     SELECT $1, 'limit.warning', 'success', 'system', $2::jsonb FROM generate_series(1, 8000)`,
    [admin.tenantId, JSON.stringify({ padding: 'x'.repeat(4_000) })],
  );
  return admin;
}

/** Starts an export, and stops reading after the first part. */
async function startExport(
  token: string,
): Promise<{ rest: () => Promise<string>; stop: () => void }> {
  const { port } = service.app.getHttpServer().address() as AddressInfo;
  const headers = { authorization: `Bearer ${token}` };
  const sent = request({ port, path: '/api/v1/audit/export', headers }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  response.setEncoding('utf8');
  // From the start: the service may cut the answer off before the reader goes on, and an error without a listener is lost.
  const closed = new Promise((resolve) => response.on('error', () => {}).on('close', resolve));
  await once(response, 'readable');
  let text = String(response.read() ?? '');
  const rest = async (): Promise<string> => {
    response.on('data', (chunk: string) => (text += chunk));
    await closed;
    return response.complete ? `${text}complete` : text;
  };
  return { rest, stop: () => sent.destroy() };
}

const expectCutOff = (text: string): void => {
  expect(text).toContain('"kind":"header"');
  expect(text).not.toContain('"kind":"trailer"');
  expect(text.endsWith('complete')).toBe(false);
};

describe('A long export of the audit log', () => {
  it.each([
    ['the reader is suspended', `UPDATE users SET status = 'suspended' WHERE tenant_id = $1`],
    [
      'the session of the reader is revoked',
      'UPDATE user_sessions SET is_active = false WHERE tenant_id = $1',
    ],
    [
      'the reader loses the permission',
      `UPDATE users SET role = 'user', permissions = '[]' WHERE tenant_id = $1`,
    ],
  ])('is visibly cut off when %s', async (_what, change) => {
    const { token, tenantId, tokens } = await adminWithLongLog();
    // Otherwise the tenant would lose its last active admin.
    await service.user(tenantId, { role: 'admin' });
    const { rest } = await startExport(token);
    await service.sql(
      `${change} AND EXISTS (SELECT FROM user_sessions s WHERE s.tenant_id = $1
      AND s.user_id = ${change.includes('user_sessions') ? 'user_sessions.user_id' : 'users.id'})`,
      [tenantId],
    );
    await expect
      .poll(async () => {
        const { status } = await service.call('GET', '/audit', { token: tokens.accessToken });
        return status;
      })
      .not.toBe(200);
    expectCutOff(await rest());
  });
});

describe('Exports that their clients do not read', () => {
  it('are refused beyond the limits of their user and tenant, and do not affect other tenants', async () => {
    const [hostile, quiet] = [await adminWithLongLog(), await adminOn(service)];
    const second = await service.user(hostile.tenantId, { role: 'admin' });
    const third = await service.user(hostile.tenantId, { role: 'admin' });
    const tokenOf = async (user: typeof second): Promise<string> =>
      (await service.login(hostile.host, user)).tokens.accessToken;
    const [secondToken, thirdToken] = [await tokenOf(second), await tokenOf(third)];
    const refusal = async (token: string): Promise<unknown[]> => {
      const { status, error, headers } = await service.call('GET', '/audit/export', { token });
      return [status, error.code, headers['retry-after']];
    };
    const refused = [429, 'RATE_LIMIT_EXCEEDED', '30'];
    const open = [await startExport(hostile.token), await startExport(hostile.token)];
    expect(await refusal(hostile.token)).toEqual(refused);
    open.push(await startExport(secondToken), await startExport(secondToken));
    expect(await refusal(thirdToken)).toEqual(refused);
    (await startExport(quiet.token)).stop();
    open.shift()?.stop();
    const accepted = async (): Promise<boolean> => {
      const headers = { authorization: `Bearer ${thirdToken}` };
      const url = '/api/v1/audit/export?from=2100-01-01T00:00:00Z';
      return (await service.app.inject({ url, headers })).statusCode === 200;
    };
    await expect.poll(accepted).toBe(true);
    for (const { stop } of open) stop();
  });
});
