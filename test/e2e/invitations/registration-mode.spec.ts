import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  address,
  invite,
  makeLink,
  outcome,
  register,
  scene,
  type Scene,
  service,
  useInvitationService,
} from './invitations.fixture.js';

useInvitationService();

describe('Registration in a tenant', () => {
  async function withMode(mode: string): Promise<Scene> {
    const at = await scene();
    await service.sql(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value, chosen)
       VALUES ($1, 'registration', $2, '{mode}')
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = excluded.setting_value, chosen = excluded.chosen`,
      [at.tenantId, JSON.stringify({ mode })],
    );
    return at;
  }

  it('is open to everyone by default', async () => {
    expect(outcome(await register((await scene()).host, address()))).toBe('201');
  });

  it('in mode "invited" requires an invitation and does not reveal who has an account', async () => {
    const at = await withMode('invited');
    const answers = [
      await register(at.host, address()),
      await register(at.host, at.admin.email),
    ].map(({ status, error: { code, error, details } }) => ({ status, code, error, details }));
    expect(answers[0]).toMatchObject({ status: 403, code: 'REGISTRATION_REFUSED' });
    expect(answers[1]).toEqual(answers[0]);
    const email = address();
    const { token } = (await invite(at, email)).data;
    expect(outcome(await register(at.host, email, token))).toBe('201');
    const link = (await makeLink(at, {})).data;
    expect(outcome(await register(at.host, address(), link.token))).toBe('201');
  });

  it('in mode "domains" requires an invitation for addresses of other domains, also of a custom domain of the tenant', async () => {
    const at = await withMode('domains');
    const proven = `${randomUUID()}.example`;
    await service.sql(
      `INSERT INTO tenant_domains (tenant_id, domain, token, verified_at) VALUES ($1, $2, 'a', now())`,
      [at.tenantId, proven],
    );
    expect(outcome(await register(at.host, `a@${proven}`))).toBe('REGISTRATION_REFUSED');
    const email = address();
    const { token } = (await invite(at, email)).data;
    expect(outcome(await register(at.host, email, token))).toBe('201');
  });

  it('is closed while the tenant is read-only', async () => {
    const at = await scene();
    await service.sql(`UPDATE tenants SET subscription_ends_at = now() WHERE id = $1`, [
      at.tenantId,
    ]);
    expect(outcome(await register(at.host, address()))).toBe('SUBSCRIPTION_ENDED');
  });
});
