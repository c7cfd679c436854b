import type { IntrospectionResponse } from '@poc-tracker/auth-kit';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, serviceClient, type TestClient } from './oauth.fixture.js';
import { type Login, ServiceFixture } from '../service.fixture.js';

let service: ServiceFixture;
let client: TestClient;

beforeAll(async () => {
  service = await ServiceFixture.start();
  client = await serviceClient(service);
});

afterAll(async () => {
  await service.stop();
});

/** RFC 6749, 5.2. */
interface OAuthError {
  error: string;
  error_description: string;
}

interface Reply<T> {
  status: number;
  headers: Record<string, unknown>;
  body: T;
}

async function post<T = IntrospectionResponse>(
  path: string,
  fields: Record<string, string> | string,
  headers: Record<string, string> = { authorization: basic(client) },
): Promise<Reply<T>> {
  const response = await service.app.inject({
    method: 'POST',
    url: `/api/v1/oauth/${path}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
  });
  return { status: response.statusCode, headers: response.headers, body: response.json<T>() };
}

const introspect = (token: string, more: Record<string, string> = {}) =>
  post('introspect', { token, ...more });

async function signedIn(): Promise<Login & { tenantId: string; host: string }> {
  const tenant = await service.tenant();
  const user = await service.user(tenant.tenantId, { role: 'manager' });
  return { ...(await service.login(tenant.host, user)), ...tenant };
}

/** Revokes a session in the database only, as another process would. */
async function endBySql(tenantId: string): Promise<void> {
  await service.sql('UPDATE user_sessions SET is_active = false WHERE tenant_id = $1', [tenantId]);
}

describe('POST /oauth/introspect', () => {
  it('describes the user of an access token and what it allows now', async () => {
    const { tokens, user, tenantId } = await signedIn();
    const { status, headers, body } = await introspect(tokens.accessToken);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      active: true,
      token_type: 'Bearer',
      sub: user.id,
      tenant_id: tenantId,
      iss: 'poc-tracker-auth',
      aud: 'poc-tracker-api',
      user_role: 'manager',
      scope: 'manage_users manage_invites view_usage create_pocs manage_pocs',
      session_status: { sessionActive: true, userStatus: 'active', tenant: { id: tenantId } },
    });
    await service.sql(`UPDATE users SET role = 'viewer' WHERE tenant_id = $1`, [tenantId]);
    expect((await introspect(tokens.accessToken)).body).toMatchObject({
      user_role: 'viewer',
      scope: '',
    });
  });

  it('describes a refresh token only while it is the current one, without its secret', async () => {
    const { tokens } = await signedIn();
    const first = await introspect(tokens.refreshToken, { token_type_hint: 'access_token' });
    expect(first.body).toMatchObject({ active: true, token_type: 'N_A' });
    expect(first.body).not.toHaveProperty('jti');
    await service.refresh(tokens.refreshToken);
    expect((await introspect(tokens.refreshToken)).body).toEqual({ active: false });
  });

  it('returns only "active": false for any token that is not valid', async () => {
    const ended = await signedIn();
    await endBySql(ended.tenantId);
    const suspended = await signedIn();
    await service.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [
      suspended.tenantId,
    ]);
    const gone = await signedIn();
    await service.sql('UPDATE user_sessions SET expires_at = now() WHERE tenant_id = $1', [
      gone.tenantId,
    ]);
    const { tokens } = await signedIn();
    const [head, payload] = tokens.accessToken.split('.');
    for (const token of [
      ended.tokens.accessToken,
      ended.tokens.refreshToken,
      suspended.tokens.accessToken,
      gone.tokens.accessToken,
      `${head}.${payload}.${'A'.repeat(342)}`,
      'no-token',
      'a.b.c',
    ]) {
      const { status, body } = await introspect(token);
      expect({ status, body }, token).toEqual({ status: 200, body: { active: false } });
    }
  });

  it('does not tell a service from which countries users may log in', async () => {
    const { tokens, tenantId } = await signedIn();
    await service.sql(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value)
       VALUES ($1, 'security', '{"countryPolicy": "enforce"}')`,
      [tenantId],
    );
    const { body } = await introspect(tokens.accessToken);
    expect(body).toMatchObject({ session_status: { tenant: { id: tenantId } } });
    expect(JSON.stringify(body)).not.toContain('countries');
  });

  it('accepts the ids of a session, for services that verify signatures themselves', async () => {
    const { tokens, tenantId } = await signedIn();
    const known = (await introspect(tokens.accessToken)).body;
    if (!known.active) throw new Error('The token should be active.');
    const ids = { session_id: known.session_id, sub: known.sub, tenant_id: tenantId };
    expect((await post('introspect', ids)).body).toMatchObject({
      active: true,
      session_status: { ...known.session_status, sessionExpiresInMs: expect.any(Number) },
    });
    for (const wrong of [
      { ...ids, sub: randomUUID() },
      { ...ids, tenant_id: randomUUID() },
      { ...ids, session_id: 'none' },
    ]) {
      expect((await post('introspect', wrong)).body).toEqual({ active: false });
    }
    await endBySql(tenantId);
    expect((await post('introspect', ids)).body).toEqual({ active: false });
  });

  it('accepts client credentials in the header or the body and refuses all others alike', async () => {
    const { tokens } = await signedIn();
    const token = tokens.accessToken;
    const inBody = { token, client_id: client.id, client_secret: client.secret };
    expect((await post('introspect', inBody, {})).body.active).toBe(true);
    const revoked = await serviceClient(service);
    await service.sql('UPDATE service_clients SET revoked_at = now() WHERE id = $1', [revoked.id]);
    for (const authorization of [
      '',
      'Basic',
      'Basic !!!',
      `Basic ${Buffer.from('no-colon').toString('base64')}`,
      `Basic ${Buffer.from('%:%').toString('base64')}`,
      basic({ ...client, secret: 'wrong' }),
      basic({ id: randomUUID(), secret: client.secret }),
      basic({ id: `' OR true --`, secret: client.secret }),
      basic(revoked),
      `Bearer ${token}`,
    ]) {
      const headers: Record<string, string> = authorization === '' ? {} : { authorization };
      const answer = await post<OAuthError>('introspect', { token }, headers);
      expect(answer.status, authorization).toBe(401);
      expect(answer.body.error).toBe('invalid_client');
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    }
    expect((await post<OAuthError>('introspect', inBody)).body).toEqual({
      error: 'invalid_request',
      error_description: expect.stringContaining('client_secret'),
    });
  });

  it('ignores fields without a value', async () => {
    const { tokens } = await signedIn();
    const fields = { client_id: '', client_secret: '', token_type_hint: '' };
    expect((await introspect(tokens.accessToken, fields)).body.active).toBe(true);
    const inBody = { token: '', client_id: client.id, client_secret: '' };
    expect((await post('introspect', inBody, {})).status).toBe(401);
  });

  it('accepts the id of a client in upper case', async () => {
    const { accessToken: token } = (await signedIn()).tokens;
    const { secret } = client;
    const id = client.id.toUpperCase();
    expect((await introspect(token, { client_id: id })).body.active).toBe(true);
    const inBody = { token, client_id: id, client_secret: secret };
    expect((await post('introspect', inBody, {})).body.active).toBe(true);
    const inHeader = { authorization: basic({ id, secret }) };
    expect((await post('introspect', { token }, inHeader)).body.active).toBe(true);
    const other = await post('introspect', { token, client_id: randomUUID() });
    expect(other.status).toBe(401);
  });

  it('refuses a form whose token is missing, repeated or too long', async () => {
    for (const form of ['', 'token=', 'token=a&token=b', `token=${'a'.repeat(9_000)}`, 'token=%00'])
      expect((await post<OAuthError>('introspect', form)).body.error, form.slice(0, 20)).toBe(
        'invalid_request',
      );
    const tooLarge = await post<OAuthError>('introspect', `token=${'a'.repeat(40_000)}`);
    expect([tooLarge.status, tooLarge.body.error]).toEqual([413, 'invalid_request']);
    expect((await post('introspect', 'token=x&unknown=1')).body).toEqual({ active: false });
  });
});

describe('A form body', () => {
  it('is accepted by no other route', async () => {
    const response = await service.app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'email=a%40example.com&password=x',
    });
    expect(response.statusCode).toBe(415);
  });
});

describe('POST /oauth/revoke', () => {
  it('revokes the session of an access token', async () => {
    const { tokens } = await signedIn();
    const { status, body } = await post<{ success: boolean }>('revoke', {
      token: tokens.accessToken,
    });
    expect({ status, body }).toEqual({ status: 200, body: { success: true, data: null } });
    expect(await service.probe(tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect((await service.refresh(tokens.refreshToken)).error.code).toBe('TOKEN_REVOKED');
  });

  it('revokes the session of a refresh token, even a spent one, whatever the hint says', async () => {
    const { tokens } = await signedIn();
    const next = await service.refresh(tokens.refreshToken);
    await post('revoke', { token: tokens.refreshToken, token_type_hint: 'nonsense' });
    expect(await service.probe(next.data.accessToken)).toBe('TOKEN_REVOKED');
  });

  it('is recorded as an action of the service client, not of the user', async () => {
    const { tokens, tenantId, user } = await signedIn();
    await post('revoke', { token: tokens.accessToken });
    const events = await service.sql(
      `SELECT type, actor_id, target_type, details FROM security_events
        WHERE tenant_id = $1 AND type <> 'login.succeeded'`,
      [tenantId],
    );
    const details = { clientId: client.id, userId: user.id, sessions: 1 };
    expect(events).toEqual([
      { type: 'session.revoked', actor_id: null, target_type: 'session', details },
    ]);
  });

  it('leaves the other sessions of the user active', async () => {
    const tenant = await service.tenant();
    const user = await service.user(tenant.tenantId);
    const [one, two] = [
      await service.login(tenant.host, user),
      await service.login(tenant.host, user),
    ];
    await post('revoke', { token: one.tokens.accessToken });
    expect(await service.probe(two.tokens.accessToken)).toBe('accepted');
  });

  it('answers 200 for an invalid token and for a token that was already revoked', async () => {
    const { tokens } = await signedIn();
    for (const token of ['nonsense', tokens.accessToken, tokens.accessToken])
      expect((await post('revoke', { token })).status).toBe(200);
  });

  it('requires client credentials', async () => {
    const { tokens } = await signedIn();
    const refused = await post<OAuthError>('revoke', { token: tokens.accessToken }, {});
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client']);
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
  });
});
