import type { Browser, Page } from 'playwright-core';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FactorVerificationService } from '../../../apps/auth-service/src/factor/factor-verification.service.js';
import { type Login, ServiceFixture } from '../service.fixture.js';
import { claimsOf, workspaceOf } from '../users/users.fixture.js';
import { Authenticator, createPasskey, startBrowser, usePasskey } from './browser.fixture.js';
import {
  type Added,
  eventsOf,
  listFactors,
  stepUp,
  tenantOf,
  verifyFactor,
} from './factors.fixture.js';

let service: ServiceFixture;
let browser: Browser;
let port: number;

beforeAll(async () => {
  service = await ServiceFixture.start();
  // The origin of a page has the port of the service.
  await service.app.listen(0, '127.0.0.1');
  port = Number(new URL(await service.app.getUrl()).port);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

interface Options {
  options: { challenge: string; rpId?: string; rp: { id: string }; excludeCredentials: object[] };
  rpIds: string[];
}

/** A member of a new tenant, with a page at the tenant's address and an authenticator in it. */
async function member() {
  const workspace = await workspaceOf(service);
  const user = await workspace.join('user');
  const page = await pageAt(workspace.host);
  return { ...workspace, ...user, page, authenticator: await Authenticator.on(page) };
}

type Member = Awaited<ReturnType<typeof member>>;

async function pageAt(host: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://${host}:${port}/health/live`);
  return page;
}

const creationOptions = async ({ token, host }: Pick<Member, 'token' | 'host'>) =>
  (await service.call<Options>('POST', '/auth/factors/passkeys/options', { token, host })).data
    .options;

const requestOptions = async (host: string, body: object = {}) =>
  (await service.call<Options>('POST', '/auth/passkeys/options', { host, body })).data;

const add = (token: string, credential: object) =>
  service.call<Added>('POST', '/auth/factors/passkeys', { token, body: { credential } });

async function protectedMember() {
  const user = await member();
  const added = await add(user.token, await createPasskey(user.page, await creationOptions(user)));
  if (added.status !== 201) throw new Error(added.text);
  return { ...user, factor: added.data.factor, recoveryCodes: added.data.recoveryCodes };
}

const assertionOf = async ({ page, host }: Pick<Member, 'page' | 'host'>) =>
  usePasskey(page, (await requestOptions(host)).options);

async function logInWith(subdomain: string, passkey: AuthenticationResponseJSON) {
  const verification = service.app.get(FactorVerificationService, { strict: false });
  try {
    return await verification.verifyPasskey(await tenantOf(service, subdomain), passkey);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe('A passkey in Chromium', () => {
  it('is added at the address of the tenant, with recovery codes, and proves its user', async () => {
    const user = await protectedMember();
    expect(user.factor).toMatchObject({ kind: 'passkey', name: 'Passkey' });
    expect(user.recoveryCodes).toHaveLength(10);
    const [credential] = await user.authenticator.credentials();
    expect(credential).toMatchObject({ rpId: user.host, isResidentCredential: true });
    expect(Buffer.from(credential?.userHandle ?? '', 'base64').toString('hex')).toBe(
      user.userId.replaceAll('-', ''),
    );
    expect(await verifyFactor(service, user, { passkey: await assertionOf(user) })).toEqual({
      kind: 'passkey',
      amr: ['hwk', 'user', 'mfa'],
    });
    const [used] = (await listFactors(service, user.token)).items;
    expect(used).toMatchObject({ lastUsedAt: expect.any(String) });
  });

  it('logs in a user who has not said who they are, also from a form (conditional mediation)', async () => {
    const user = await protectedMember();
    const { options, rpIds } = await requestOptions(user.host);
    expect(options).toMatchObject({ rpId: user.host, userVerification: 'required' });
    expect(options).not.toHaveProperty('allowCredentials.0');
    expect(rpIds).toEqual([user.host]);
    const passkey = await usePasskey(user.page, options, 'conditional');
    expect(await logInWith(user.subdomain, passkey)).toMatchObject({ userId: user.userId });
    expect(await logInWith(user.subdomain, passkey)).toBe('INVALID_CREDENTIALS');
  });

  it('opens a session by itself, once and in its tenant alone', async () => {
    const [user, stranger] = [await protectedMember(), await protectedMember()];
    const logIn = (host: string, passkey: object) =>
      service.call<Login>('POST', '/auth/login/passkey', { host, body: { passkey } });
    const passkey = await assertionOf(user);
    // The challenge of another tenant, answered by a passkey of this one.
    const { challenge } = (await requestOptions(stranger.host)).options;
    const { options } = await requestOptions(user.host);
    const foreign = await usePasskey(user.page, { ...options, challenge });
    for (const [host, response] of [
      [stranger.host, passkey],
      [stranger.host, foreign],
      [user.host, foreign],
    ] as const) {
      const refused = await logIn(host, response);
      expect([refused.status, refused.error.code]).toEqual([401, 'INVALID_CREDENTIALS']);
    }
    const opened = await logIn(user.host, await assertionOf(user));
    expect(opened.status, opened.text).toBe(200);
    expect(opened.data.user.id).toBe(user.userId);
    expect(claimsOf(opened.data.tokens.accessToken)).toMatchObject({
      amr: ['hwk', 'user', 'mfa'],
      acr: 'aal2',
      tenant_id: user.tenantId,
    });
    expect(await service.probe(opened.data.tokens.accessToken)).toBe('accepted');
    const used = await assertionOf(user);
    expect((await logIn(user.host, used)).status).toBe(200);
    expect((await logIn(user.host, used)).error.code).toBe('INVALID_CREDENTIALS');
  });

  it('is not registered twice on the same authenticator, nor its response used twice', async () => {
    const user = await protectedMember();
    const token = await stepUp(service, user);
    const options = await creationOptions({ ...user, token });
    expect(options.excludeCredentials).toHaveLength(1);
    await expect(createPasskey(user.page, options)).rejects.toThrow('InvalidStateError');
    const page = await pageAt(user.host);
    await Authenticator.on(page);
    const response = await createPasskey(page, options);
    expect((await add(token, response)).status).toBe(201);
    expect((await add(token, response)).error.code).toBe('VALIDATION_ERROR');
    expect((await listFactors(service, token)).items).toHaveLength(2);
  });
});

describe('A response of a passkey is refused', () => {
  it('that was made at another origin', async () => {
    const user = await protectedMember();
    // A page on another port is another origin with the same host, so Chromium lets it use the passkey.
    const elsewhere = await ServiceFixture.start({}, service.database);
    try {
      await elsewhere.app.listen(0, '127.0.0.1');
      const otherPort = new URL(await elsewhere.app.getUrl()).port;
      await user.page.goto(`http://${user.host}:${otherPort}/health/live`);
      const passkey = await assertionOf(user);
      expect(await verifyFactor(service, user, { passkey })).toBe('INVALID_CREDENTIALS');
    } finally {
      await elsewhere.app.close();
    }
  });

  it('whose counter has not increased, as that of a copied authenticator, and the audit log tells it', async () => {
    const user = await protectedMember();
    expect(await verifyFactor(service, user, { passkey: await assertionOf(user) })).toMatchObject({
      kind: 'passkey',
    });
    await user.authenticator.setCounter(1);
    expect(await verifyFactor(service, user, { passkey: await assertionOf(user) })).toBe(
      'INVALID_CREDENTIALS',
    );
    expect(await eventsOf(service, user.tenantId)).toContain('factor.counter_regressed');
  });

  it('that another user, or a user of another tenant, presents', async () => {
    const user = await protectedMember();
    const colleague = await user.join('user');
    const stranger = await protectedMember();
    const passkey = await assertionOf(user);
    expect(await verifyFactor(service, { ...user, userId: colleague.userId }, { passkey })).toBe(
      'INVALID_CREDENTIALS',
    );
    expect(await verifyFactor(service, stranger, { passkey })).toBe('INVALID_CREDENTIALS');
    expect(await logInWith(stranger.subdomain, passkey)).toBe('INVALID_CREDENTIALS');
    expect(await verifyFactor(service, user, { passkey })).toMatchObject({ kind: 'passkey' });
  });

  it('whose challenge is of another tenant, of another purpose, made up or older than five minutes', async () => {
    const user = await protectedMember();
    const stranger = await protectedMember();
    const token = await stepUp(service, user);
    const { options } = await requestOptions(user.host);
    const challenges = [
      (await requestOptions(stranger.host)).options.challenge,
      (await creationOptions({ ...user, token })).challenge,
      Buffer.alloc(54).toString('base64url'),
    ];
    for (const challenge of challenges) {
      const passkey = await usePasskey(user.page, { ...options, challenge });
      expect(await verifyFactor(service, user, { passkey })).toBe('INVALID_CREDENTIALS');
    }
    const passkey = await usePasskey(user.page, options);
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 5 * 60_000);
    expect(await verifyFactor(service, user, { passkey })).toBe('INVALID_CREDENTIALS');
    vi.restoreAllMocks();
    expect(await verifyFactor(service, user, { passkey })).toMatchObject({ kind: 'passkey' });
  });

  it('to options that were created for another user', async () => {
    const user = await member();
    const colleague = await user.join('user');
    const response = await createPasskey(user.page, await creationOptions(user));
    expect((await add(colleague.token, response)).error.code).toBe('VALIDATION_ERROR');
    expect((await listFactors(service, colleague.token)).items).toEqual([]);
  });

  it('that has certificates, because options ask for none, and a check would contact an address that they name', async () => {
    const user = await member();
    const options = { ...(await creationOptions(user)), attestation: 'direct' };
    const response = await createPasskey(user.page, options);
    expect((await add(user.token, response)).error.code).toBe('VALIDATION_ERROR');
  });

  it('as the only factor without user verification', async () => {
    const user = await protectedMember();
    await user.authenticator.setUserVerified(false);
    const { options } = await requestOptions(user.host);
    const passkey = await usePasskey(user.page, { ...options, userVerification: 'discouraged' });
    expect(await logInWith(user.subdomain, passkey)).toBe('INVALID_CREDENTIALS');
  });
});

describe('The addresses of a tenant', () => {
  it('are the configured one and its proven domains, whatever the host of the request is', async () => {
    const user = await protectedMember();
    const token = await stepUp(service, user);
    const configured = `http://${user.host}:${port}`;
    const domain = `login-${user.subdomain}.example`;
    const related = async (host: string) =>
      (await service.app.inject({ url: '/.well-known/webauthn', headers: { host } })).json();
    await service.sql(
      `INSERT INTO tenant_domains (tenant_id, domain, token) VALUES ($1, $2, 'proof')`,
      [user.tenantId, domain],
    );
    expect(await related(user.host)).toEqual({ origins: [configured] });
    await service.sql('UPDATE tenant_domains SET verified_at = now() WHERE tenant_id = $1', [
      user.tenantId,
    ]);
    expect(await related(user.host)).toEqual({ origins: [configured, `https://${domain}`] });
    expect(await related(domain)).toEqual({ origins: [configured, `https://${domain}`] });

    // A new passkey belongs to the host of the request, and former ones can be asked for there.
    expect((await creationOptions({ token, host: domain })).rp.id).toBe(domain);
    const { options, rpIds } = await requestOptions(domain, { rpId: user.host });
    expect(options.rpId).toBe(user.host);
    expect(rpIds).toEqual([user.host, domain]);
    const foreign = await service.call('POST', '/auth/passkeys/options', {
      host: domain,
      body: { rpId: 'evil.example' },
    });
    expect(foreign.error.code).toBe('VALIDATION_ERROR');
  });
});
