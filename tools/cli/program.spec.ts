import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { cliOn } from './cli.fixture.js';

const GROUPS = ['tenants', 'operators', 'clients', 'usage', 'audit', 'keys'];

describe('npm run cli', () => {
  const cli = cliOn(null);

  it('prints help for itself and for each command, and describes every option', async () => {
    const top = await cli('--help');
    expect(top.code).toBe(0);
    for (const group of [...GROUPS, 'seed']) expect(top.out).toContain(`\n  ${group} `);
    for (const group of GROUPS) {
      const help = await cli(group, '--help');
      expect(help.code).toBe(0);
      const commands = [...help.out.matchAll(/^ {2}([a-z-]+) \[options\]/gm)].map(
        ([, name]) => name,
      );
      expect(commands.length, group).toBeGreaterThan(0);
      for (const name of commands) {
        const { code, out } = await cli(group, name ?? '', '--help');
        expect(code).toBe(0);
        expect(out).toContain('--json');
        expect(out).not.toMatch(/^ {2}--[a-z-]+( <.+>)?$/m);
      }
    }
  });

  it('marks the required options in the help', async () => {
    const { out } = await cli('tenants', 'suspend', '--help');
    expect(out).toMatch(/--reason <text> +reason, for the audit log \(required\)\n/);
    expect(out).toMatch(/--json +print JSON\n/);
  });

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['tenants', 'nonsense'], "unknown command 'nonsense'"],
    [['operators', 'create'], "required option '--email <address>'"],
    [['operators', 'create', '--email', 'not-an-address'], 'must be an email address'],
    [['operators', 'create', '--email', 'ana@acme..example'], 'must be an email address'],
    [['audit', 'verify', '--tenant', 'acme', '--file', 'x'], 'Use either --tenant or --file'],
    [['audit', 'verify', '--expect-head', '1:ab', '--tenant', 'acme'], '64 hexadecimal digits'],
    [['audit', 'verify', '--expect-head', `1:${'ab'.repeat(32)}`], '--expect-head needs --tenant'],
    [['tenants', 'suspend', 'acme'], "required option '--reason <text>'"],
    [['operators', 'list', '--color'], "unknown option '--color'"],
    [['clients', 'revoke', 'me'], 'is not the id of a client'],
    [['tenants', 'change-plan', 'acme'], 'Use at least one of'],
    [['tenants', 'change-plan', 'acme', '--limit', 'maxUsers=many'], '--limit maxUsers=many'],
    [['tenants', 'change-plan', 'acme', '--feature', 'gold=on'], '--feature gold=on'],
    [['keys', 'generate', '--bits', '1024'], 'Allowed choices are 2048, 3072, 4096'],
    [['keys', 'rotate'], 'JWT_PRIVATE_KEY_FILE'],
    [['seed', '--tenants', 'x', '--users', '3'], 'whole number from 1 up'],
  ])('refuses %j with exit code 2 and says what is wrong', async (argv, message) => {
    const { code, out, err } = await cli(...argv);
    expect(err).toContain(message);
    expect(code).toBe(2);
    expect(out).toBe('');
  });

  it('names the variable to set and DATA_DIR if there is no database', async () => {
    const { code, err } = await cli('operators', 'list');
    expect([code, err]).toEqual([
      2,
      'PLATFORM_DATABASE_URL is not set, and this user runs no "npm start" with its data in ' +
        `${err.match(/in (\S+)\. /)?.[1] ?? ''}. ` +
        'Set the variable, or set DATA_DIR to the data of a running "npm start".\n',
    ]);
    expect((await cli('--help')).out).toContain('DATA_DIR');
  });

  it.each([{ NODE_ENV: 'production' }, { DATABASE_URL: 'postgres://x:y@127.0.0.1:1/db' }])(
    'does not look for an "npm start" with %o',
    async (env) => {
      const { code, err } = await cliOn(null, env)('operators', 'list');
      expect([code, err]).toEqual([2, 'PLATFORM_DATABASE_URL is not set.\n']);
    },
  );

  it('refuses a setting that the service would refuse', async () => {
    const url = 'postgres://x:y@127.0.0.1:1/db';
    const env = { TENANT_RESTORE_DAYS: 'many' };
    const run = await cliOn({ platformUrl: url, migrationUrl: url }, env)('tenants', 'list');
    expect([run.code, run.out, run.err]).toEqual([
      2,
      '',
      expect.stringContaining('TENANT_RESTORE_DAYS must be'),
    ]);
  });

  it('says in one sentence that the database is unreachable', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    const { port } = await new Promise<{ port: number }>((resolve) =>
      server.once('listening', () => resolve(server.address() as { port: number })),
    );
    await new Promise((resolve) => server.close(resolve));
    const url = `postgres://x:secret@127.0.0.1:${port}/db`;
    const offline = cliOn({ platformUrl: url, migrationUrl: url });
    for (const argv of [
      ['operators', 'list'],
      ['seed', '--tenants', '1', '--users', '1'],
    ]) {
      const { code, err } = await offline(...argv);
      expect(code).toBe(2);
      expect(err).toMatch(/^The database is unreachable: .*ECONNREFUSED.*\n$/);
      expect(err).not.toContain('secret');
    }
  });

  it('refuses a database URL that would switch TLS off in production', async () => {
    const url = 'postgres://x:y@127.0.0.1:1/db?sslmode=disable';
    const production = cliOn({ platformUrl: url, migrationUrl: url }, { NODE_ENV: 'production' });
    expect(await production('operators', 'list')).toMatchObject({
      code: 2,
      err: expect.stringContaining('must not have ssl parameters'),
    });
  });
});
