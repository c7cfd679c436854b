import { randomBytes } from 'node:crypto';
import type { SignupService } from '../../apps/auth-service/src/auth/signup/signup.service.js';
import type { RequestClient } from '@poc-tracker/tenancy';

const DEMO_TENANTS = [
  { name: 'Acme', subdomain: 'acme' },
  { name: 'Globex', subdomain: 'globex' },
] as const;

/** Enough that nobody guesses it and that it passes the password policy; short enough to copy. */
const PASSWORD_BYTES = 15;

export interface DemoAdmin {
  readonly subdomain: string;
  readonly email: string;
  /** Shown once and kept nowhere. */
  readonly password: string;
}

/** Nobody's browser: the session that comes with a new tenant is never used. */
const NO_CLIENT: RequestClient = { ipAddress: null, userAgent: null };

/** Makes the tenants that a first start offers to play with, two of them, so that their being apart can be seen. */
export async function createDemoTenants(
  signup: Pick<SignupService, 'create'>,
): Promise<DemoAdmin[]> {
  const admins: DemoAdmin[] = [];
  for (const { name, subdomain } of DEMO_TENANTS) {
    const email = `admin@${subdomain}.example`;
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    await signup.create(
      { name, subdomain, adminEmail: email, adminPassword: password, planType: 'basic' },
      NO_CLIENT,
    );
    admins.push({ subdomain, email, password });
  }
  return admins;
}
