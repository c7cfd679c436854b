import { createConnection } from 'node:net';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answerOf, get, TenantProbe } from './tenant-probe.fixture.js';

describe('TenantResolver', () => {
  let probe: TenantProbe;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    probe = await TenantProbe.start();
    app = await probe.app();
  });

  afterAll(() => probe.stop());

  describe('the default tenant', () => {
    let withDefault: NestFastifyApplication;

    beforeAll(async () => {
      withDefault = await probe.app({ DEFAULT_TENANT: 'globex' });
    });

    it('is reported at the start if no active tenant has its name', async () => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
      await probe.app({ DEFAULT_TENANT: 'globex' });
      expect(warn).not.toHaveBeenCalled();
      await probe.app({ DEFAULT_TENANT: 'unknown' });
      expect(warn.mock.calls).toEqual([
        [
          'DEFAULT_TENANT is "unknown", which does not exist. Requests that name no tenant are refused.',
        ],
      ]);
      warn.mockRestore();
    });

    it('is as good as none if it does not exist, because no user has chosen it', async () => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
      const misled = await probe.app({ DEFAULT_TENANT: 'unknown' });
      warn.mockRestore();
      const refused = { status: 400, code: 'TENANT_REQUIRED' };
      expect(await get(misled, 'probe')).toMatchObject(refused);
      const chosen = await get(misled, 'probe', { host: 'unknown.localhost' });
      expect(chosen).toMatchObject({ status: 403, code: 'INVALID_TENANT' });
    });

    it('is the last resort and overrides nothing', async () => {
      expect(await get(withDefault, 'probe')).toMatchObject(answerOf('globex'));
      expect(await get(withDefault, 'probe', { host: 'unknown.example' })).toMatchObject(
        answerOf('globex'),
      );
      expect(await get(withDefault, 'probe', { host: 'acme.localhost' })).toMatchObject(
        answerOf('acme'),
      );
      expect(await get(withDefault, 'probe', { host: 'login.acme.example' })).toMatchObject(
        answerOf('acme'),
      );
      expect(await get(withDefault, 'probe', { 'x-tenant-id': probe.idOf('acme') })).toMatchObject(
        answerOf('acme'),
      );
    });
  });

  describe('behind a proxy', () => {
    it('trusts X-Forwarded-Host from a trusted address only', async () => {
      const forwarded = {
        'x-forwarded-host': 'globex.poctracker.com',
        forwarded: 'host=globex.poctracker.com',
      };
      const headers = { host: 'acme.poctracker.com', ...forwarded };
      expect(await get(app, 'probe', headers)).toMatchObject(answerOf('acme'));

      const trusting = await probe.app({ TRUSTED_PROXIES: '127.0.0.1' });
      const strangers = await probe.app({ TRUSTED_PROXIES: '10.0.0.0/8' });
      expect(await get(trusting, 'probe', headers)).toMatchObject(answerOf('globex'));
      expect(await get(strangers, 'probe', headers)).toMatchObject(answerOf('acme'));
    });
  });

  describe('on the wire', () => {
    let port: number;

    beforeAll(async () => {
      await app.listen(0, '127.0.0.1');
      port = (app.getHttpServer().address() as { port: number }).port;
    });

    /** Node's own client sends each of these headers once. */
    function send(...headers: string[]): Promise<string> {
      return new Promise((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1');
        let answer = '';
        socket
          .on('error', reject)
          .on('data', (chunk) => (answer += chunk.toString()))
          .on('end', () => resolve(answer));
        socket.write(
          ['GET /api/v1/probe HTTP/1.1', ...headers, 'Connection: close', '', ''].join('\r\n'),
        );
      });
    }

    it('answers 400 to two Host headers, in upper and lower case', async () => {
      expect(await send('Host: acme.localhost')).toMatch(/^HTTP\/1\.1 200 /);
      expect(await send('Host: acme.localhost', 'HOST: globex.localhost')).toMatch(
        /^HTTP\/1\.1 400 /,
      );
      expect(await send('Host: acme.localhost', 'host: acme.localhost')).toMatch(
        /^HTTP\/1\.1 400 /,
      );
    });

    it('answers 400 to two tenant headers', async () => {
      const header = `X-Tenant-Id: ${probe.idOf('acme')}`;
      expect(await send('Host: poctracker.com', header)).toMatch(/^HTTP\/1\.1 200 /);
      expect(
        await send('Host: poctracker.com', header, `x-tenant-id: ${probe.idOf('globex')}`),
      ).toMatch(/^HTTP\/1\.1 400 /);
    });
  });
});
