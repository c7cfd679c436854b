import { afterAll, beforeAll } from 'vitest';
import { type UserRecord, workspaceOf } from './users.fixture.js';
import { type Answer, type Login, ServiceFixture } from '../service.fixture.js';

export let service: ServiceFixture;

export const workspace = (maxUsers?: number) => workspaceOf(service, maxUsers);

export type Action = (token: string, userId: string) => Promise<Answer<UserRecord>>;

export const act =
  (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path = '', body?: object): Action =>
  (token, userId) =>
    service.call(method, `/auth/users/${userId}${path}`, {
      token,
      ...(body !== undefined && { body }),
    });

export const read = act('GET');

export const suspend = act('POST', '/suspend');

export const deactivate = act('POST', '/deactivate');

export const reactivate = act('POST', '/reactivate');

export const remove = act('DELETE');

export const requireChange = act('POST', '/require-password-change');

export const resetPassword = act('POST', '/reset-password');

export const patch = (token: string, userId: string, body: object) =>
  act('PATCH', '', body)(token, userId);

export const assign = (token: string, userId: string, body: object) =>
  act('POST', '/role', body)(token, userId);

/** Every action on a user; deletion comes last. */
export const CHANGES: Record<string, Action> = {
  update: act('PATCH', '', { firstName: 'Rui' }),
  readdress: (token, userId) => patch(token, userId, { email: `${userId}@example.com` }),
  suspend,
  deactivate,
  reactivate,
  role: act('POST', '/role', { role: 'viewer' }),
  requireChange,
  resetPassword,
  listSessions: act('GET', '/sessions'),
  endSessions: act('DELETE', '/sessions'),
  delete: remove,
};

export const create = (token: string, body: object) =>
  service.call<{ user: UserRecord; temporaryPassword: string | null; expiresAt: string }>(
    'POST',
    '/auth/users',
    { token, body },
  );

export const newcomer = (email: string, more: object = {}) => ({
  email,
  firstName: 'Bia',
  lastName: 'Lima',
  role: 'user',
  ...more,
});

export const logIn = (host: string, email: string, password: string) =>
  service.call<Login>('POST', '/auth/login', { host, body: { email, password } });

export function useUserAdmin(): void {
  beforeAll(async () => {
    service = await ServiceFixture.start();
  });

  afterAll(async () => {
    await service?.stop();
  });
}
