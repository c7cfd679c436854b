import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pollUntil } from '@poc-tracker/embedded';

const DEADLINE_MS = 10_000;

let project: string;

function write(path: string, content: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), content);
}

function writeLock(version: string): void {
  write(
    'package-lock.json',
    JSON.stringify({
      packages: {
        '': { name: 'project' },
        'node_modules/thing': { version, integrity: `sha512-${version}` },
        'node_modules/thing-for-another-platform': { version, optional: true },
      },
    }),
  );
}

/** A project with the real scripts, an npm that installs a compiler, and a compiler that counts its runs. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'poc-tracker-start-'));
  for (const script of ['start.mjs', 'run.mjs', 'workspace.mjs'])
    cpSync(join('scripts', script), join(project, 'scripts', script));
  write('package.json', JSON.stringify({ type: 'module', engines: { node: '>=20.19.0' } }));
  writeLock('1.0.0');
  for (const file of ['nest-cli.json', 'rspack.config.js', 'tsconfig.json', 'ormconfig.ts'])
    write(file, '{}');
  write('apps/auth-service/src/main.ts', 'one');
  write('libs/contracts/src/index.ts', 'one');
  write('tools/standalone/main.ts', 'one');
  write(
    'npm/npm-cli.js',
    `import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
     console.log('npm', process.argv.slice(2).join(' '));
     if (process.env.NPM_FAILS) process.exit(1);
     const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
     delete packages['node_modules/thing-for-another-platform'];
     mkdirSync('node_modules/@nestjs/cli/bin', { recursive: true });
     writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
     cpSync('npm/nest.js', 'node_modules/@nestjs/cli/bin/nest.js');`,
  );
  write(
    'npm/nest.js',
    `import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
     console.log('nest', process.argv.slice(2).join(' '));
     for (const name of process.argv.slice(3)) {
       const tool = ['standalone', 'cli'].includes(name);
       const folder = (tool ? 'dist/tools/' : 'dist/apps/') + name;
       mkdirSync(folder, { recursive: true });
       const source = readFileSync('apps/auth-service/src/main.ts', 'utf8');
       const command = 'console.log("running ' + source + '", ...process.argv.slice(2));';
       const server = 'console.log("serving ' + source + ' in process " + process.pid);';
       writeFileSync(folder + '/main.js', name === 'cli' ? command : server);
     }`,
  );
});

afterEach(() => {
  rmSync(project, { recursive: true });
});

function start(
  env: NodeJS.ProcessEnv = {},
  command = ['start.mjs'],
): {
  status: number | null;
  output: string;
  error: string;
  pid: number;
} {
  const { status, stdout, stderr, pid } = spawnSync(
    process.execPath,
    [`scripts/${command[0]}`, ...command.slice(1)],
    {
      cwd: project,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], npm_execpath: join(project, 'npm/npm-cli.js'), ...env },
    },
  );
  return { status, output: stdout, error: stderr, pid };
}

describe('npm start', () => {
  it('installs and builds in a fresh clone, prints so, and serves in the same process', () => {
    const { output, pid } = start();
    expect(output).toContain('Installing packages');
    expect(output).toContain('npm ci --include=dev');
    expect(output).toContain('Building auth-service, poc-tracker, standalone');
    expect(output).toContain('nest build auth-service poc-tracker standalone');
    expect(output).toContain(`serving one in process ${pid}`);
  });

  it('serves without installing or building if nothing has changed', () => {
    start();
    const { output, pid } = start();
    expect(output).toBe(`serving one in process ${pid}\n`);
  });

  it('builds again if a source has changed, but not for a changed spec', () => {
    start();
    write('apps/auth-service/src/main.spec.ts', 'a test');
    expect(start().output).not.toContain('nest build');
    write('apps/auth-service/src/main.ts', 'two');
    expect(start().output).toMatch(/nest build[^]*serving two/);
  });

  it('builds again if another command has replaced the bundle', () => {
    start();
    write('dist/tools/standalone/main.js', 'console.log("serving a bundle of npm run dev")');
    expect(start().output).toContain('serving one');
  });

  it('builds again if the bundle of the tracker is missing', () => {
    start();
    rmSync(join(project, 'dist/apps/poc-tracker'), { recursive: true });
    expect(start().output).toMatch(/nest build[^]*serving one/);
  });

  it('installs again if the lock file names other packages, but not if only its time has changed', () => {
    start();
    utimesSync(join(project, 'package-lock.json'), new Date(), new Date(Date.now() + 60_000));
    expect(start().output).not.toContain('npm ci');
    writeLock('1.0.1');
    expect(start().output).toContain('npm ci');
  });

  it('installs again if an installation was interrupted', () => {
    start();
    rmSync(join(project, 'node_modules/.package-lock.json'));
    expect(start().output).toContain('npm ci');
  });

  it('fails with one sentence if packages cannot be installed', () => {
    const { status, error } = start({ NPM_FAILS: '1' });
    expect(status).toBe(1);
    expect(error.trim().split('\n')).toEqual([
      expect.stringMatching(/^"node .*npm-cli.js ci .*" failed\.$/),
    ]);
  });

  it.skipIf(process.versions.node.startsWith('20.'))(
    'fails with one sentence on an unsupported Node.js',
    () => {
      const node = '^98.1.0 || >=99.1.0';
      write('package.json', JSON.stringify({ type: 'module', engines: { node } }));
      const { status, error } = start();
      expect(status).toBe(1);
      expect(error).toBe(
        `Node.js ${process.versions.node} is not supported. Install Node.js 24 from https://nodejs.org (supported: ${node}).\n`,
      );
    },
  );

  it('leaves the bundle of a command alone', () => {
    start({}, ['run.mjs', 'cli']);
    expect(start().output).toContain('nest build auth-service poc-tracker standalone\n');
  });

  it('stops in order if the npm that started it is killed', async () => {
    start();
    write(
      'dist/tools/standalone/main.js',
      `import { writeFileSync } from 'node:fs';
       process.on('SIGTERM', () => { writeFileSync('stopped', ''); process.exit(0); });
       setInterval(() => undefined, 1000);
       console.log('ready');`,
    );
    writeFileSync(
      join(project, 'run.mjs'),
      `import { endWithNpm } from './scripts/workspace.mjs'; endWithNpm(); await import('./dist/tools/standalone/main.js');`,
    );
    const npm = spawn(
      process.execPath,
      ['-e', `require('child_process').spawn(process.execPath, ['run.mjs'], { stdio: 'inherit' })`],
      {
        cwd: project,
        env: { ...process.env, npm_lifecycle_event: 'start' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(npm.stdout, 'data');
    npm.kill('SIGKILL');
    const stopped = join(project, 'stopped');
    expect(await pollUntil(() => existsSync(stopped) || undefined, DEADLINE_MS)).toBe(true);
  });
});

describe('npm run cli', () => {
  const cli = (...args: string[]) => start({}, ['run.mjs', 'cli', ...args]);

  it('builds the command once, and writes nothing else to stdout', () => {
    const { output, error } = cli('tenants', 'list');
    expect(output).toBe('running one tenants list\n');
    expect(error).toContain('Building cli');
    expect(cli('--json')).toMatchObject({ output: 'running one --json\n', error: '' });
  });

  it('builds again if a source has changed', () => {
    cli();
    write('apps/auth-service/src/main.ts', 'two');
    expect(cli().output).toBe('running two\n');
  });

  it('runs what was built where neither the compiler nor the sources are installed', () => {
    cli();
    for (const folder of ['apps', 'libs', 'tools', 'node_modules', 'npm'])
      rmSync(join(project, folder), { recursive: true });
    expect(cli('keys')).toMatchObject({ output: 'running one keys\n', error: '', status: 0 });
  });
});
