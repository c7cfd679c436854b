import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataDirectoryInUseError } from './embedded-postgres.error.js';
import { findFreePort } from './free-port.js';
import { pollUntil } from './poll.js';
import { processCommand } from './process/process-table.js';
import { type EmbeddedPostgres, startPostgres } from './postgres-server.js';
import { chooseServerIdentity } from './process/server-identity.js';

const DEADLINE_MS = 20_000;
const isRoot = process.getuid?.() === 0;
const identity = chooseServerIdentity();

let folder: string;
let dataDir: string;
let cleanUps: (() => Promise<void> | void)[];

function makeFolder(): void {
  folder = mkdtempSync(join(tmpdir(), 'poc-tracker-embedded-'));
  if (identity.uid !== undefined && identity.gid !== undefined)
    chownSync(folder, identity.uid, identity.gid);
  chmodSync(folder, 0o711);
  dataDir = join(folder, 'postgres');
  cleanUps = [];
}

async function cleanUp(): Promise<void> {
  for (const step of cleanUps.reverse()) await step();
  rmSync(folder, { recursive: true, force: true });
}

async function start(options: { port?: number } = {}): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir, durable: false, ...options });
  cleanUps.push(() => server.stop());
  return server;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that starts the database and then does nothing, like an idle service. */
async function startInAnotherProcess(
  options = '',
): Promise<{ holder: ChildProcess; adminUrl: string }> {
  const program = `
    import { startPostgres } from './libs/embedded/src/index.ts';
    const server = await startPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false, ${options} });
    console.log(server.adminUrl);
    setInterval(() => undefined, 1000);`;
  const holder = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  cleanUps.push(() => void holder.kill('SIGKILL'));
  const [output] = (await once(holder.stdout, 'data')) as [Buffer];
  return { holder, adminUrl: output.toString().trim() };
}

async function killHard(process_: ChildProcess): Promise<void> {
  process_.kill('SIGKILL');
  await once(process_, 'exit');
}

function postmasterPid(directory = dataDir): number {
  return Number.parseInt(readFileSync(join(directory, 'postmaster.pid'), 'utf8'), 10);
}

/** Fields of /proc/<pid>/stat after the command: state, parent, process group (proc_pid_stat(5)). */
function readGroup(pid: number): { parent: number; group: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(parent), group: Number(group) };
}

async function waitUntilGone(pid: number): Promise<boolean> {
  const isGone = (): true | undefined => (processCommand(pid) ? undefined : true);
  return (await pollUntil(isGone, DEADLINE_MS)) === true;
}

describe('A running embedded PostgreSQL', () => {
  let server: EmbeddedPostgres;

  beforeAll(async () => {
    makeFolder();
    server = await start();
  });

  afterAll(cleanUp);

  it('requires the password, and listens on the loopback address only', async () => {
    const { adminUrl } = server;
    const guess = new URL(adminUrl);
    guess.password = 'postgres';
    await expect(query(guess.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect(await query(adminUrl, 'SHOW listen_addresses')).toEqual([
      { listen_addresses: '127.0.0.1' },
    ]);
    const methods = 'SELECT DISTINCT auth_method FROM pg_hba_file_rules';
    expect(await query(adminUrl, methods)).toEqual([{ auth_method: 'scram-sha-256' }]);
  });

  it('hides the password, the log and the data from other users', () => {
    for (const path of [dataDir, `${dataDir}.password`, `${dataDir}.log`]) {
      expect(statSync(path).mode & 0o077).toBe(0);
    }
  });

  it.runIf(isRoot)('runs neither as root nor as an account that others use', () => {
    const { uid, gid } = statSync(`/proc/${postmasterPid()}`);
    const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
    expect(accounts.map((line) => Number(line.split(':')[2]))).not.toContain(uid);
    expect({ uid, gid }).toEqual(identity);
  });

  it.runIf(process.platform === 'linux')(
    'runs in its own process group, so that Ctrl-C does not reach it',
    () => {
      expect(readGroup(postmasterPid()).group).not.toBe(readGroup(process.pid).group);
    },
  );

  it('refuses a second server for the same directory in the same process', async () => {
    await expect(start()).rejects.toThrow(DataDirectoryInUseError);
  });
});

describe('startPostgres', () => {
  let emptyCluster: string;

  beforeAll(async () => {
    makeFolder();
    await (await start()).stop();
    emptyCluster = folder;
  });

  beforeEach(makeFolder);

  afterAll(() => rmSync(emptyCluster, { recursive: true }));

  afterEach(cleanUp);

  /** Saves the second that making a cluster takes, in tests that are about something else. */
  function useEmptyCluster(): void {
    for (const ending of ['', '.password']) {
      spawnSync('cp', ['-a', join(emptyCluster, `postgres${ending}`), `${dataDir}${ending}`]);
    }
  }

  it('keeps the data after a restart', async () => {
    useEmptyCluster();
    const first = await start();
    await query(first.adminUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await start();
    expect(await query(second.adminUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it.runIf(isRoot)(
    'stores the data elsewhere if root starts it in a folder that no other user may enter',
    async () => {
      const closed = mkdtempSync(join(tmpdir(), 'poc-tracker-closed-'));
      dataDir = join(closed, 'data/postgres');
      cleanUps.push(() => rmSync(closed, { recursive: true }));
      const first = await start();
      await query(first.adminUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
      expect(lstatSync(dataDir).isSymbolicLink()).toBe(true);
      const place = readlinkSync(dataDir);
      expect(first.dataDirectory).toBe(place);
      cleanUps.unshift(() => rmSync(place, { recursive: true }));
      await first.stop();
      const second = await start();
      expect(await query(second.adminUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    },
  );

  it.runIf(isRoot)('takes over data that an account used by others owns', async () => {
    const first = await start();
    await query(first.adminUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    spawnSync('chown', ['-R', '65534:65534', dataDir]);
    const secret = join(folder, 'secret');
    writeFileSync(secret, '');
    symlinkSync(secret, join(dataDir, 'link'));
    lchownSync(join(dataDir, 'link'), 65_534, 65_534);
    const second = await start();
    expect(await query(second.adminUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(statSync(`/proc/${postmasterPid()}`).uid).toBe(identity.uid);
    const left = spawnSync('find', [dataDir, '-uid', '65534'], { encoding: 'utf8' });
    expect(left.stdout).toBe('');
    expect(statSync(secret).uid).toBe(0);
  });

  it('stops when the process that started it is killed', async () => {
    useEmptyCluster();
    const { holder } = await startInAnotherProcess();
    const pid = postmasterPid();
    await killHard(holder);
    expect(await waitUntilGone(pid)).toBe(true);
  });

  it('removes a temporary folder even if the process that started it is killed', async () => {
    useEmptyCluster();
    const { holder } = await startInAnotherProcess(`removeAfterwards: ${JSON.stringify(folder)}`);
    await killHard(holder);
    expect(await pollUntil(() => (existsSync(folder) ? undefined : true), DEADLINE_MS)).toBe(true);
  });

  it.runIf(process.platform === 'linux')(
    'stops a server whose starter and guard were both killed, and starts again',
    async () => {
      useEmptyCluster();
      const { holder, adminUrl } = await startInAnotherProcess();
      await query(adminUrl, 'CREATE TABLE kept AS SELECT 42 AS answer');
      const pid = postmasterPid();
      // The guard is stopped first, because it could otherwise still shut the server down.
      holder.kill('SIGSTOP');
      process.kill(readGroup(pid).parent, 'SIGKILL');
      await killHard(holder);
      expect(processCommand(pid)).toContain(dataDir);
      const server = await start();
      expect(postmasterPid()).not.toBe(pid);
      expect(await query(server.adminUrl, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    },
  );

  it('refuses a database that another running process uses', async () => {
    useEmptyCluster();
    const { holder, adminUrl } = await startInAnotherProcess();
    const attempt = start();
    await expect(attempt).rejects.toThrow(DataDirectoryInUseError);
    await expect(attempt).rejects.toThrow(`in use by process ${holder.pid}`);
    expect(await query(adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('starts although the pids in a lock and a postmaster.pid were reused by other processes', async () => {
    useEmptyCluster();
    const stranger = spawn('sleep', ['60'], { ...identity, stdio: 'ignore' });
    cleanUps.push(() => void stranger.kill());
    writeFileSync(`${dataDir}.lock`, JSON.stringify({ pid: stranger.pid, startedAt: 'long ago' }));
    writeFileSync(join(dataDir, 'postmaster.pid'), `${stranger.pid}\n${dataDir}\n`);
    const server = await start();
    expect(await query(server.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode).toBeNull();
  });

  it('starts over if creating the database was interrupted', async () => {
    mkdirSync(join(`${dataDir}.new`, 'data'), { recursive: true });
    writeFileSync(join(`${dataDir}.new`, 'data', 'PG_VERSION'), '18\n');
    writeFileSync(`${dataDir}.password`, 'of the interrupted start');
    const server = await start();
    expect(await query(server.adminUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says in one sentence that the port is in use', async () => {
    useEmptyCluster();
    const port = await findFreePort();
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    cleanUps.push(() => void squatter.close());
    await expect(start({ port })).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken`);
  });

  it('does not overwrite a folder that contains something else', async () => {
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'notes.txt'), 'mine');
    await expect(start()).rejects.toThrow('is not empty and does not contain a database');
    expect(readFileSync(join(dataDir, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('says what is missing if the password of an existing database was deleted', async () => {
    useEmptyCluster();
    rmSync(`${dataDir}.password`);
    await expect(start()).rejects.toThrow(`${dataDir}.password cannot be read`);
  });
});
