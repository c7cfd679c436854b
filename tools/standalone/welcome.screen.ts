import type { DemoAdmin } from '../demo/demo-tenants.js';

const LOOPBACK_OR_ANY = /^(localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/;

export interface WelcomeOptions {
  host: string;
  port: number;
  dataDirectory: string;
  /** Whether the services have pages of their documentation. */
  docs: boolean;
  /** Whether mails are files, which the page /mails shows. */
  mails?: boolean;
  /** Port of the tracker. Undefined if it does not run. */
  trackerPort?: number | undefined;
  /** The admins that this start created. Empty from the second start on. */
  demoAdmins: readonly DemoAdmin[];
  /** Id of the demo tenant acme. Undefined if it was deleted. */
  demoTenantId: string | undefined;
}

/** The screen that `npm start` prints: the addresses, and what to try first. */
export function welcomeScreen(options: WelcomeOptions): string {
  const {
    host,
    port,
    dataDirectory,
    docs,
    mails = false,
    trackerPort,
    demoAdmins,
    demoTenantId,
  } = options;
  const local = LOOPBACK_OR_ANY.test(host);
  const origin = `http://${local ? 'localhost' : formatHost(host)}`;
  const base = `${origin}:${port}`;
  return [
    '',
    'POC Tracker authentication is ready.',
    '',
    `  API      ${base}/api/v1`,
    ...(docs ? [`  Swagger  ${local ? `http://acme.localhost:${port}` : base}/docs`] : []),
    `  Health   ${base}/health`,
    ...(mails ? [`  Mails    http://localhost:${port}/mails`] : []),
    ...(trackerPort === undefined ? [] : [describeTracker(`${origin}:${trackerPort}`, docs)]),
    '',
    ...describeAdmins(demoAdmins),
    'Try this first, in another terminal:',
    '',
    ...describeLogIn(local ? `http://acme.localhost:${port}` : base, local, demoAdmins),
    ...(local && demoTenantId !== undefined ? describeHeader(base, demoTenantId) : []),
    '',
    `All data is in ${dataDirectory}. Press Ctrl-C to stop.`,
    '',
  ].join('\n');
}

function describeTracker(base: string, docs: boolean): string {
  return `  Tracker  ${base}/api/v1${docs ? `, its Swagger at ${base}/docs` : ''}`;
}

function describeAdmins(admins: readonly DemoAdmin[]): string[] {
  if (admins.length === 0) return [];
  return [
    'Two demo tenants were created, each with one admin. Keep the passwords: they are not shown again.',
    '',
    ...admins.map(
      ({ subdomain, email, password }) =>
        `  ${subdomain.padEnd(8)} ${email.padEnd(22)} ${password}`,
    ),
    '',
  ];
}

function describeLogIn(base: string, local: boolean, admins: readonly DemoAdmin[]): string[] {
  const { email, password } = admins[0] ?? {
    email: 'admin@acme.example',
    password: '<password from the first start>',
  };
  return [
    `  curl -s ${base}/api/v1/auth/login \\`,
    // If acme.localhost does not resolve to this machine, the Host header names the tenant.
    ...(local ? [] : ["    -H 'host: acme.localhost' \\"]),
    "    -H 'content-type: application/json' \\",
    `    -d '${JSON.stringify({ email, password })}'`,
  ];
}

/** Node's fetch and Python do not resolve names below localhost. */
function describeHeader(base: string, tenantId: string): string[] {
  return [`Where acme.localhost is unknown, call ${base} with -H 'x-tenant-id: ${tenantId}'.`];
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
