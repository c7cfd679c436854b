import type { SignupService } from '../../apps/auth-service/src/auth/signup/signup.service.js';
import { temporaryPassword } from '../../apps/auth-service/src/protection/passwords/temporary-password.js';
import type { RequestClient } from '@poc-tracker/tenancy';

const DEMO_TENANTS = [
  { name: 'Acme', subdomain: 'acme' },
  { name: 'Globex', subdomain: 'globex' },
] as const;

export interface DemoAdmin {
  readonly subdomain: string;
  readonly email: string;
  /** Shown once. Only its hash is stored. */
  readonly password: string;
}

/** The session that comes with a new tenant is never used. */
const NO_CLIENT: RequestClient = { ipAddress: null, userAgent: null };

/** Creates the demo tenants of a first start: two of them, to show that they cannot see each other. */
export async function createDemoTenants(
  signup: Pick<SignupService, 'create'>,
): Promise<DemoAdmin[]> {
  const admins: DemoAdmin[] = [];
  for (const { name, subdomain } of DEMO_TENANTS) {
    const email = `admin@${subdomain}.example`;
    const password = temporaryPassword();
    await signup.create(
      { name, subdomain, adminEmail: email, adminPassword: password, planType: 'basic' },
      NO_CLIENT,
    );
    admins.push({ subdomain, email, password });
  }
  return admins;
}
