import { describe, expect, it } from 'vitest';
import type { SignupResponse } from '../../apps/auth-service/src/auth/signup/signup.response.js';
import type { SignupService } from '../../apps/auth-service/src/auth/signup/signup.service.js';
import type { CreateTenantDto } from '../../apps/auth-service/src/auth/signup/create-tenant.dto.js';
import { createDemoTenants } from './demo-tenants.js';

function signupInto(made: CreateTenantDto[]): Pick<SignupService, 'create'> {
  return {
    create: async (input) => {
      made.push(input);
      return {} as SignupResponse;
    },
  };
}

describe('createDemoTenants', () => {
  it('creates acme and globex with one admin each, and returns their credentials', async () => {
    const made: CreateTenantDto[] = [];
    const admins = await createDemoTenants(signupInto(made));
    expect(made.map(({ subdomain }) => subdomain)).toEqual(['acme', 'globex']);
    expect(
      made.map(({ adminEmail, adminPassword }) => ({ email: adminEmail, password: adminPassword })),
    ).toEqual(admins.map(({ email, password }) => ({ email, password })));
  });

  it('gives every admin a different random password', async () => {
    const admins = [
      ...(await createDemoTenants(signupInto([]))),
      ...(await createDemoTenants(signupInto([]))),
    ];
    expect(new Set(admins.map(({ password }) => password)).size).toBe(4);
    for (const { password } of admins) expect(password).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
  });
});
