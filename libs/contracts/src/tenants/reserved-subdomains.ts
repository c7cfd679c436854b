import { PLATFORM_SUBDOMAIN } from './tenants.js';

/** Hosts of the product, now or later. */
const PRODUCT = [
  'api',
  'www',
  'app',
  'web',
  'mobile',
  PLATFORM_SUBDOMAIN,
  'poctracker',
  'tracker',
  'portal',
  'dashboard',
  'console',
  'home',
  'docs',
  'blog',
  'help',
  'support',
];

/** Names that a user would take for a page of the product that asks for a password. */
const LOG_IN = [
  'auth',
  'login',
  'logout',
  'signin',
  'signup',
  'register',
  'account',
  'accounts',
  'password',
  'sso',
  'oauth',
  'oidc',
  'saml',
  'id',
  'identity',
  'security',
  'secure',
  'verify',
];

/** The same for a page that asks for a payment. */
const PAYMENT = ['billing', 'pay', 'payment', 'payments', 'checkout', 'invoice', 'invoices'];

/** Names that a user would take for the staff of the platform. */
const STAFF = [
  'admin',
  'administrator',
  'operator',
  'operators',
  'official',
  'staff',
  'root',
  'system',
  'sysadmin',
];

/** Local parts of the addresses that certificate authorities and mail servers trust (RFC 2142), and legal pages. */
const ADDRESSES = [
  'postmaster',
  'hostmaster',
  'webmaster',
  'abuse',
  'noreply',
  'contact',
  'info',
  'legal',
  'privacy',
  'terms',
];

/** Hosts of the usual services of a domain, and the names of the local host. */
const NETWORK = [
  'mail',
  'email',
  'webmail',
  'smtp',
  'imap',
  'pop',
  'mx',
  'ns',
  'dns',
  'ftp',
  'sftp',
  'ssh',
  'vpn',
  'proxy',
  'gateway',
  'local',
  'localhost',
];

/** Hosts that mail clients, browsers and operating systems look up by themselves, and whose answers they trust. */
const DISCOVERY = ['autoconfig', 'autodiscover', 'mta-sts', 'wpad', 'isatap'];

/** Hosts of files. */
const CONTENT = [
  'cdn',
  'static',
  'assets',
  'media',
  'images',
  'files',
  'download',
  'downloads',
  'upload',
  'uploads',
];

/** Other installations of the product. */
const ENVIRONMENTS = [
  'dev',
  'developer',
  'developers',
  'test',
  'stage',
  'staging',
  'sandbox',
  'beta',
  'preview',
  'prod',
  'production',
];

/** Hosts that operate the product. */
const OPERATION = [
  'status',
  'health',
  'metrics',
  'monitoring',
  'internal',
  'intranet',
  'git',
  'ci',
  'db',
  'database',
  'redis',
  'postgres',
  'backup',
];

/** Subdomains that no tenant can have, except the platform tenant. */
export const RESERVED_SUBDOMAINS: ReadonlySet<string> = new Set([
  ...PRODUCT,
  ...LOG_IN,
  ...PAYMENT,
  ...STAFF,
  ...ADDRESSES,
  ...NETWORK,
  ...DISCOVERY,
  ...CONTENT,
  ...ENVIRONMENTS,
  ...OPERATION,
]);
