import type { DemoAdmin } from '../demo/demo-tenants.js';

const LOOPBACK_OR_ANY = /^(localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/;

export interface WelcomeOptions {
  host: string;
  port: number;
  dataDirectory: string;
  /** Port of the tracker; undefined where none was started. */
  trackerPort?: number | undefined;
  /** The admins that were just made; empty from the second start on. */
  demoAdmins: readonly DemoAdmin[];
}

/** The one screen that a started service shows: where everything is and what to try first. */
export function welcomeScreen(options: WelcomeOptions): string {
  const { host, port, dataDirectory, trackerPort, demoAdmins } = options;
  const local = LOOPBACK_OR_ANY.test(host);
  const origin = `http://${local ? 'localhost' : formatHost(host)}`;
  const base = `${origin}:${port}`;
  return [
    '',
    'POC Tracker authentication is ready.',
    '',
    `  API      ${base}/api/v1`,
    `  Swagger  ${local ? `http://acme.localhost:${port}` : base}/docs`,
    `  Health   ${base}/health`,
    ...(trackerPort === undefined
      ? []
      : [
          `  Tracker  ${origin}:${trackerPort}/api/v1, its Swagger at ${origin}:${trackerPort}/docs`,
        ]),
    '',
    ...describeAdmins(demoAdmins),
    'Try this first, in another terminal:',
    '',
    ...describeLogIn(local ? `http://acme.localhost:${port}` : base, local, demoAdmins),
    '',
    `Everything is kept in ${dataDirectory}. Ctrl-C stops it all.`,
    '',
  ].join('\n');
}

function describeAdmins(admins: readonly DemoAdmin[]): string[] {
  if (admins.length === 0) return [];
  return [
    'Two demo tenants were made, each with one admin. Keep the passwords: they are shown only this once.',
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
    password: '<the password that the first start showed>',
  };
  return [
    `  curl -s ${base}/api/v1/auth/login \\`,
    // Where the tenant's name below localhost does not lead here, the Host header says which tenant is meant.
    ...(local ? [] : ["    -H 'host: acme.localhost' \\"]),
    "    -H 'content-type: application/json' \\",
    `    -d '${JSON.stringify({ email, password })}'`,
  ];
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
