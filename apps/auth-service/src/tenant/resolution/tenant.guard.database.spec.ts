import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Principal } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearer } from '../stub-auth.fixture.js';
import { answerOf, get, StubAuthGuard, TenantProbe } from './tenant-probe.fixture.js';

describe('TenantGuard', () => {
  let probe: TenantProbe;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    probe = await TenantProbe.start();
    app = await probe.app();
  });

  afterAll(() => probe.stop());

  afterEach(() => {
    StubAuthGuard.principal = undefined;
    bearer.principal = undefined;
    vi.restoreAllMocks();
  });

  describe('on a public route', () => {
    it.each([
      ['the subdomain', 'acme.poctracker.com'],
      ['the subdomain with a port and in capitals', 'ACME.poctracker.com:8443'],
      ['the subdomain of localhost', 'acme.localhost:3000'],
      ['the custom domain, whatever its case', 'LOGIN.acme.example:443'],
    ])('resolves %s and sets the tenant of the transaction', async (_what, host) => {
      expect(await get(app, 'probe', { host })).toMatchObject(
        answerOf('acme', { tenant: probe.idOf('acme'), user: '', role: '' }),
      );
    });

    it('resolves the header, and the query if there is no header', async () => {
      expect(await get(app, 'probe', { 'x-tenant-id': probe.idOf('acme') })).toMatchObject(
        answerOf('acme'),
      );
      expect(await get(app, `probe?tenant_id=${probe.idOf('globex')}`)).toMatchObject(
        answerOf('globex'),
      );
      expect(
        await get(app, `probe?tenant_id=${probe.idOf('globex')}`, {
          'x-tenant-id': probe.idOf('acme'),
        }),
      ).toMatchObject(answerOf('acme'));
    });

    it.each([
      'poctracker.com',
      'api.poctracker.com',
      'www.poctracker.com',
      'unknown.example',
      '127.0.0.1:3000',
      'a.acme.poctracker.com',
    ])(
      'finds no tenant in the host %s: the header decides, and without one a tenant is required',
      async (host) => {
        expect(await get(app, 'probe', { host })).toMatchObject({
          status: 400,
          code: 'TENANT_REQUIRED',
        });
        expect(
          await get(app, 'probe', { host, 'x-tenant-id': probe.idOf('globex') }),
        ).toMatchObject(answerOf('globex'));
      },
    );

    it.each(['acme.poctracker.com', 'login.acme.example'])(
      'lets neither header nor query override the host %s',
      async (host) => {
        const headers = { host, 'x-tenant-id': probe.idOf('globex') };
        expect(await get(app, `probe?tenant_id=${probe.idOf('globex')}`, headers)).toMatchObject(
          answerOf('acme'),
        );
      },
    );

    it('refuses unknown, suspended and canceled tenants alike, however they are named', async () => {
      const attempts = [
        get(app, 'probe', { host: 'unknown.poctracker.com' }),
        get(app, 'probe', { host: 'asleep.poctracker.com' }),
        get(app, 'probe', { host: 'asleep.example' }),
        get(app, 'probe', { host: 'gone.localhost' }),
        get(app, 'probe', { host: 'gone.example' }),
        get(app, 'probe', { host: 'gone.example', 'x-tenant-id': probe.idOf('acme') }),
        get(app, 'probe', { 'x-tenant-id': randomUUID() }),
        get(app, 'probe', { 'x-tenant-id': probe.idOf('asleep') }),
        get(app, `probe?tenant_id=${probe.idOf('gone')}`),
        get(app, 'probe', { host: 'unknown.poctracker.com', 'x-tenant-id': probe.idOf('acme') }),
      ];
      for (const { status, code, details } of await Promise.all(attempts)) {
        expect({ status, code, details }).toEqual({
          status: 403,
          code: 'INVALID_TENANT',
          details: undefined,
        });
      }
    });

    it.each(['acme', '1', "' OR 1=1 --", '00000000-0000-0000-0000-00000000000g', '%00'])(
      'answers 400 to the malformed id %s, naming where it stood',
      async (id) => {
        expect(await get(app, 'probe', { 'x-tenant-id': id })).toMatchObject({
          status: 400,
          code: 'VALIDATION_ERROR',
          details: [{ field: 'x-tenant-id' }],
        });
        expect(await get(app, `probe?tenant_id=${encodeURIComponent(id)}`)).toMatchObject({
          status: 400,
          code: 'VALIDATION_ERROR',
          details: [{ field: 'tenant_id' }],
        });
      },
    );

    it('answers 400 to repeated parameters and headers', async () => {
      expect(
        await get(app, `probe?tenant_id=${probe.idOf('acme')}&tenant_id=${probe.idOf('globex')}`),
      ).toMatchObject({ status: 400 });
      expect(
        await get(app, 'probe', { 'x-tenant-id': `${probe.idOf('acme')}, ${probe.idOf('acme')}` }),
      ).toMatchObject({ status: 400 });
      expect(await get(app, `probe?tenant_id[]=${probe.idOf('acme')}`)).toMatchObject({
        status: 400,
      });
    });

    it('removes its parameter before the route validates its parameters', async () => {
      const url = `probe?strict=yes&tenant_id=${probe.idOf('acme')}`;
      expect(await get(app, url)).toMatchObject({
        status: 200,
        data: { query: { strict: 'yes' } },
      });
      expect(await get(app, `${url}&other=1`)).toMatchObject({
        status: 400,
        code: 'VALIDATION_ERROR',
      });
    });

    it('requires no tenant on a route that is marked as tenantless', async () => {
      expect(await get(app, 'tenantless')).toMatchObject({ status: 200 });
      expect(
        await get(app, 'tenantless', { host: 'unknown.poctracker.com', 'x-tenant-id': 'junk' }),
      ).toMatchObject({ status: 200 });
      expect(await get(app, 'muddled', { host: 'acme.localhost' })).toMatchObject({
        status: 400,
        code: 'TENANT_REQUIRED',
      });
    });
  });

  describe('on a route for everybody that gets a valid token', () => {
    const present = (subdomain: string) => {
      const tenant = { id: probe.idOf(subdomain), subdomain, customDomain: null };
      bearer.principal = { userId: randomUUID(), role: 'admin', tenant } as unknown as Principal;
    };

    it("uses the token's tenant before header and query, and gives the request no rights", async () => {
      present('acme');
      const other = probe.idOf('globex');
      const noRights = { tenant: probe.idOf('acme'), user: '', role: '' };
      for (const [url, headers] of [
        ['probe', {}],
        ['probe', { host: 'acme.poctracker.com' }],
        [`probe?tenant_id=${other}`, { 'x-tenant-id': other }],
      ] as const)
        expect(await get(app, url, headers)).toMatchObject(answerOf('acme', noRights));
    });

    it.each(['globex.poctracker.com', 'unknown.poctracker.com', 'globex.example'])(
      'refuses the host %s of another tenant',
      async (host) => {
        present('acme');
        expect(await get(app, 'probe', { host })).toMatchObject({
          status: 403,
          code: 'TENANT_MISMATCH',
        });
        expect(await get(app, 'tenantless', { host })).toMatchObject({ status: 200 });
      },
    );
  });

  describe('with a verified token', () => {
    const signIn = (subdomain: string, customDomain: string | null) => {
      const id = probe.idOf(subdomain);
      StubAuthGuard.principal = {
        userId: randomUUID(),
        tenantId: id,
        role: 'manager',
        tenant: { id, subdomain, customDomain },
      } as Principal;
      return StubAuthGuard.principal;
    };

    it("uses the token's tenant and sets the user of the transaction", async () => {
      const { userId, tenantId } = signIn('acme', null);
      expect(await get(app, 'probe')).toMatchObject(
        answerOf('acme', { tenant: tenantId, user: userId, role: 'manager' }),
      );
    });

    it('ignores the header and the query', async () => {
      signIn('acme', null);
      const other = probe.idOf('globex');
      expect(await get(app, `probe?tenant_id=${other}`, { 'x-tenant-id': other })).toMatchObject(
        answerOf('acme'),
      );
      expect(await get(app, 'probe', { 'x-tenant-id': randomUUID() })).toMatchObject(
        answerOf('acme'),
      );
      expect(await get(app, 'probe', { 'x-tenant-id': 'junk' })).toMatchObject({ status: 400 });
    });

    it.each([
      'globex.poctracker.com',
      'globex.localhost:3000',
      'unknown.poctracker.com',
      'globex.example',
      'GLOBEX.example:443',
    ])(
      "refuses the host %s of another tenant, also with the token's tenant in the header",
      async (host) => {
        signIn('acme', 'login.acme.example');
        for (const headers of [{ host }, { host, 'x-tenant-id': probe.idOf('acme') }]) {
          expect(await get(app, 'probe', headers)).toMatchObject({
            status: 403,
            code: 'TENANT_MISMATCH',
          });
        }
      },
    );

    it("accepts the subdomain and the custom domain of the token's tenant without asking the database", async () => {
      signIn('acme', 'Login.Acme.example');
      const lookup = vi.spyOn(app.get(TenantDatabase, { strict: false }), 'lookup');
      for (const host of [
        'acme.poctracker.com',
        'acme.localhost',
        'login.acme.example',
        'poctracker.com',
        'auth-service:3000',
        '10.0.0.7',
      ]) {
        expect(await get(app, 'probe', { host })).toMatchObject(answerOf('acme'));
      }
      expect(lookup).not.toHaveBeenCalled();
    });

    it('accepts a host that names no tenant, such as a name inside a cluster', async () => {
      signIn('acme', null);
      expect(
        await get(app, 'probe', { host: 'auth-service.default.svc.cluster.local' }),
      ).toMatchObject(answerOf('acme'));
    });
  });
});
