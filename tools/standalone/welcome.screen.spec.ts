import { describe, expect, it } from 'vitest';
import { welcomeScreen } from './welcome.screen.js';

const demoAdmins = [
  { subdomain: 'acme', email: 'admin@acme.example', password: 'first-password' },
  { subdomain: 'globex', email: 'admin@globex.example', password: 'second-password' },
];
const options = {
  host: '127.0.0.1',
  port: 3000,
  dataDirectory: '/srv/poc/.data',
  docs: true,
  demoAdmins,
  demoTenantId: '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728',
};

describe('welcomeScreen', () => {
  it('shows the addresses of the API, the Swagger page and health', () => {
    const screen = welcomeScreen(options);
    expect(screen).toContain('http://localhost:3000/api/v1\n');
    expect(screen).toContain('http://acme.localhost:3000/docs\n');
    expect(screen).toContain('http://localhost:3000/health\n');
  });

  it('shows the address of the tracker only if it runs', () => {
    expect(welcomeScreen({ ...options, trackerPort: 3001 })).toContain(
      '  Tracker  http://localhost:3001/api/v1, its Swagger at http://localhost:3001/docs\n',
    );
    expect(welcomeScreen(options)).not.toContain('Tracker  ');
  });

  it('shows no Swagger page if the documentation is switched off', () => {
    const screen = welcomeScreen({ ...options, docs: false, trackerPort: 3001 });
    expect(screen).toContain('  Tracker  http://localhost:3001/api/v1\n');
    expect(screen).not.toMatch(/swagger|\/docs/i);
  });

  it('shows the passwords of the demo admins and a log-in command to paste', () => {
    const screen = welcomeScreen(options);
    expect(screen).toMatch(/acme +admin@acme\.example +first-password/);
    expect(screen).toMatch(/globex +admin@globex\.example +second-password/);
    expect(screen).toContain('curl -s http://acme.localhost:3000/api/v1/auth/login');
    expect(screen).toContain(`-d '{"email":"admin@acme.example","password":"first-password"}'`);
  });

  it('shows the header that names the tenant, for clients that do not resolve its host', () => {
    expect(welcomeScreen(options)).toContain(
      "call http://localhost:3000 with -H 'x-tenant-id: 0192f0c1-8c2b-7a10-b1c2-d3e4f5061728'",
    );
  });

  it('shows no password from the second start on', () => {
    const screen = welcomeScreen({ ...options, demoAdmins: [] });
    expect(screen).not.toContain('Two demo tenants');
    expect(screen).toContain('<password from the first start>');
  });

  it('names the tenant by the Host header if the service does not listen on localhost', () => {
    const screen = welcomeScreen({ ...options, host: '192.0.2.7' });
    expect(screen).toContain('curl -s http://192.0.2.7:3000/api/v1/auth/login');
    expect(screen).toContain("-H 'host: acme.localhost'");
    expect(welcomeScreen({ ...options, host: '2001:db8::7' })).toContain(
      'http://[2001:db8::7]:3000/docs',
    );
  });

  it('fits on one screen of 24 lines', () => {
    expect(welcomeScreen({ ...options, trackerPort: 3001 }).split('\n').length).toBeLessThanOrEqual(
      24,
    );
  });
});
