import { randomBytes } from 'node:crypto';

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

/** What the sign-up of a tenant asks for. */
export interface DemoTenant {
  name: string;
  subdomain: string;
  adminEmail: string;
  adminPassword: string;
}

/** Makes the tenants that a first start offers to play with, two of them, so that their being apart can be seen. */
export async function createDemoTenants(
  createTenant: (tenant: DemoTenant) => Promise<unknown>,
): Promise<DemoAdmin[]> {
  const admins: DemoAdmin[] = [];
  for (const { name, subdomain } of DEMO_TENANTS) {
    const email = `admin@${subdomain}.example`;
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    await createTenant({ name, subdomain, adminEmail: email, adminPassword: password });
    admins.push({ subdomain, email, password });
  }
  return admins;
}
