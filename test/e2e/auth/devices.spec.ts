import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD_PASSWORD, type Login, ServiceFixture, type Tokens } from '../service.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

const person = (email: string) => ({
  email,
  password: GOOD_PASSWORD,
  firstName: 'Ana',
  lastName: 'Souza',
});

interface FirstSession {
  status: number;
  error: unknown;
  tokens: Tokens | undefined;
}

/** The ways to get a first session, each with a body that has a device id or not. */
const FIRST_SESSIONS: Record<string, (device: object) => Promise<FirstSession>> = {
  'A registration': async (device) => {
    const { host } = await service.tenant();
    const body = { ...person('ana@example.com'), ...device };
    const answer = await service.call<Login | undefined>('POST', '/auth/register', { host, body });
    return { ...answer, tokens: answer.data?.tokens };
  },
  'The acceptance of an invitation': async (device) => {
    const { host, tenantId } = await service.tenant();
    const { tokens } = await service.login(host, await service.user(tenantId, { role: 'admin' }));
    const invitation = await service.call<{ token: string }>('POST', '/auth/invitations', {
      host,
      token: tokens.accessToken,
      body: { email: 'bia@example.com', role: 'viewer' },
    });
    const body = { ...person('bia@example.com'), inviteToken: invitation.data.token, ...device };
    const answer = await service.call<Login | undefined>('POST', '/auth/register', { host, body });
    return { ...answer, tokens: answer.data?.tokens };
  },
  'A sign-up': async (device) => {
    const body = {
      name: 'Initech Ltda',
      subdomain: `initech-${Math.random().toString(36).slice(2)}`,
      adminEmail: 'ana@initech.example',
      adminPassword: GOOD_PASSWORD,
      ...device,
    };
    const answer = await service.call<{ tokens: Tokens } | undefined>('POST', '/tenants', { body });
    return { ...answer, tokens: answer.data?.tokens };
  },
};

const deviceOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).device_id;

describe.each(Object.entries(FIRST_SESSIONS))('%s', (_name, open) => {
  it('keeps the device id in the session and its tokens, also after a refresh', async () => {
    const { status, tokens } = await open({ deviceId: 'anas-phone' });
    expect(status).toBe(201);
    expect(deviceOf(tokens?.accessToken ?? '')).toBe('anas-phone');
    const sessions = await service.call<{ items: { deviceId: string }[] }>(
      'GET',
      '/auth/sessions',
      {
        token: tokens?.accessToken ?? '',
      },
    );
    expect(sessions.data.items).toMatchObject([{ deviceId: 'anas-phone' }]);
    const refreshed = await service.refresh(tokens?.refreshToken ?? '');
    expect(deviceOf(refreshed.data.accessToken)).toBe('anas-phone');
  });

  it('needs no device id', async () => {
    const { status, tokens } = await open({});
    expect(status).toBe(201);
    expect(deviceOf(tokens?.accessToken ?? '')).toBeUndefined();
  });

  it.each(['', 'a b', 'x'.repeat(101), null, 7])('refuses the device id %j', async (deviceId) => {
    const { status, error } = await open({ deviceId });
    expect(status).toBe(400);
    expect(error).toMatchObject({ details: [{ field: 'deviceId' }] });
  });
});
