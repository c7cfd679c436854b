import { describe, expect, it } from 'vitest';
import { createDemoTenants, type DemoTenant } from './demo-tenants.js';

describe('createDemoTenants', () => {
  it('signs up acme and globex, each with one admin, and answers what they log in with', async () => {
    const made: DemoTenant[] = [];
    const admins = await createDemoTenants(async (tenant) => void made.push(tenant));
    expect(made.map(({ subdomain }) => subdomain)).toEqual(['acme', 'globex']);
    expect(
      made.map(({ adminEmail, adminPassword }) => ({ email: adminEmail, password: adminPassword })),
    ).toEqual(admins.map(({ email, password }) => ({ email, password })));
  });

  it('gives no two admins the same password, in this start or the next', async () => {
    const admins = [
      ...(await createDemoTenants(async () => undefined)),
      ...(await createDemoTenants(async () => undefined)),
    ];
    expect(new Set(admins.map(({ password }) => password)).size).toBe(4);
    for (const { password } of admins) expect(password).toMatch(/^[\w-]{20}$/);
  });
});
