import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AppConfig } from '../../config/app-config.js';
import { DeviceCookies } from './device-cookies.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const refreshSecret = randomBytes(48);

const cookiesOf = (environment: AppConfig['environment'] = 'test', secret = refreshSecret) =>
  new DeviceCookies({ environment, tokens: { refreshSecret: secret } as AppConfig['tokens'] });

const [tenantId, userId, deviceId] = [randomUUID(), randomUUID(), randomUUID()];
const owner = { tenantId, id: userId, email: 'Ana.Straße@acme.example' };
/** Of the owner's address. */
const account = cookiesOf().hashAccount('ana.strasse@acme.example');

/** The pair that a client sends back. */
const pairOf = (header: string) => header.split(';')[0] ?? '';

const issued = () => pairOf(cookiesOf().issue(owner, deviceId));

afterEach(() => {
  vi.useRealTimers();
});

describe('DeviceCookies', () => {
  it('recognizes the device that a cookie was issued to, among other cookies', () => {
    const header = `a=1; device=forged; ${issued()}; b=2`;
    expect(cookiesOf().read(header)).toEqual({ tenantId, userId, deviceId, account });
  });

  it('sets a cookie that scripts and other hosts cannot read, in production over TLS only', () => {
    expect(cookiesOf().issue(owner)).toMatch(
      /^device=[\w.-]+; Path=\/; Max-Age=7776000; HttpOnly; SameSite=Lax$/,
    );
    const header = cookiesOf('production').issue(owner);
    expect(header).toMatch(
      /^__Host-device=[\w.-]+; Path=\/; Max-Age=7776000; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(cookiesOf('production').read(pairOf(header))).toMatchObject({ tenantId, userId });
    expect(cookiesOf('production').read(issued())).toBeUndefined();
  });

  it.each([
    ['of another tenant', (pair: string) => pair.replace(tenantId, randomUUID())],
    ['of another user', (pair: string) => pair.replace(userId, randomUUID())],
    ['of another device', (pair: string) => pair.replace(deviceId, randomUUID())],
    ['of another address', (pair: string) => pair.replace(account, account.slice(1) + 'A')],
    ['with a later date', (pair: string) => pair.replace(/\.(\d+)\./, '.9999999999.')],
    ['without a signature', (pair: string) => pair.slice(0, pair.lastIndexOf('.') + 1)],
    ['with a changed last character', (pair: string) => changeLast(pair)],
    ['with padding', (pair: string) => `${pair}%3D`],
    ['in capitals', (pair: string) => pair.toUpperCase()],
    ['that is empty', () => 'device='],
  ])('refuses a cookie %s', (_what, change) => {
    expect(cookiesOf().read(issued())).toBeDefined();
    expect(cookiesOf().read(change(issued()))).toBeUndefined();
  });

  it('names the address of its account by a hash that takes the secret', () => {
    expect(account).toMatch(/^[\w-]{22}$/);
    expect(cookiesOf('test', randomBytes(48)).hashAccount('ana.strasse@acme.example')).not.toBe(
      account,
    );
    expect(cookiesOf().hashAccount('bo@acme.example')).not.toBe(account);
  });

  it('refuses a cookie that was signed with another secret', () => {
    expect(cookiesOf('test', randomBytes(48)).read(issued())).toBeUndefined();
  });

  it('expires after 90 days', () => {
    const pair = issued();
    vi.useFakeTimers({ now: Date.now() + 90 * DAY_MS - 60_000 });
    expect(cookiesOf().read(pair)).toBeDefined();
    vi.setSystemTime(Date.now() + 120_000);
    expect(cookiesOf().read(pair)).toBeUndefined();
  });
});

/** Another text of the same bytes: the last of 43 characters carries four bits. */
function changeLast(pair: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return pair.slice(0, -1) + (alphabet[alphabet.indexOf(pair.at(-1) ?? '') ^ 1] ?? '');
}
