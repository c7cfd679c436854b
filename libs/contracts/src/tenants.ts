import type { FeatureSet, Plan, TenantLimits } from './plans.js';

export const TENANT_STATUSES = ['active', 'suspended', 'canceled'] as const;

export type TenantStatus = (typeof TENANT_STATUSES)[number];

/** The tenant of a request. `features` are the effective ones. */
export interface TenantSnapshot {
  id: string;
  name: string;
  subdomain: string;
  customDomain: string | null;
  plan: Plan;
  status: TenantStatus;
  features: FeatureSet;
  limits: TenantLimits;
  /** End of the subscription, ISO 8601, after which the tenant is read-only; null if it does not end. */
  subscriptionEndsAt: string | null;
  /** True for the platform tenant, whose users are the operators. */
  isPlatform: boolean;
}

/** True after the end of the subscription. */
export function isReadOnly(
  tenant: Pick<TenantSnapshot, 'subscriptionEndsAt'>,
  now: number,
): boolean {
  return tenant.subscriptionEndsAt !== null && Date.parse(tenant.subscriptionEndsAt) <= now;
}

/** Subdomain of the platform tenant, whose users are the operators. */
export const PLATFORM_SUBDOMAIN = 'platform';

/**
 * Subdomains that no tenant can have: those of the product, names that a login or payment page of the product could have,
 * hosts of the usual services of a domain, and the addresses that certificate authorities and mail servers trust (RFC 2142).
 */
export const RESERVED_SUBDOMAINS = [
  ...['api', 'www', 'admin', 'app', 'docs', 'blog', 'support', PLATFORM_SUBDOMAIN],
  ...['poctracker', 'tracker', 'web', 'mobile', 'portal', 'dashboard', 'console', 'home', 'help'],
  ...['auth', 'login', 'logout', 'signin', 'signup', 'register', 'account', 'accounts', 'password'],
  ...['sso', 'oauth', 'oidc', 'saml', 'id', 'identity', 'security', 'secure', 'verify', 'billing'],
  ...[
    'pay',
    'payment',
    'payments',
    'checkout',
    'invoice',
    'invoices',
    'status',
    'health',
    'metrics',
  ],
  ...['monitoring', 'internal', 'intranet', 'local', 'localhost', 'gateway', 'proxy', 'vpn', 'ssh'],
  ...['mail', 'email', 'webmail', 'smtp', 'imap', 'pop', 'mx', 'ns', 'dns', 'ftp', 'sftp'],
  ...[
    'autoconfig',
    'autodiscover',
    'mta-sts',
    'wpad',
    'isatap',
    'cdn',
    'static',
    'assets',
    'media',
  ],
  ...['images', 'files', 'download', 'downloads', 'upload', 'uploads', 'dev', 'developer'],
  ...['developers', 'test', 'stage', 'staging', 'sandbox', 'beta', 'preview', 'prod', 'production'],
  ...['git', 'ci', 'db', 'database', 'redis', 'postgres', 'backup', 'root', 'system', 'sysadmin'],
  ...['administrator', 'operator', 'operators', 'official', 'staff', 'postmaster', 'hostmaster'],
  ...['webmaster', 'abuse', 'noreply', 'contact', 'info', 'legal', 'privacy', 'terms'],
] as const;
