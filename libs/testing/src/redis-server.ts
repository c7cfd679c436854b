import { findFreePort, GuardedProcess, pollUntil } from '@poc-tracker/embedded';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { unpackDebianPackages } from './debian-packages.js';
import { createTemporaryFolder } from './temporary-folder.js';

const START_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 500;

const PROGRAMS = ['redis-server', 'valkey-server'];

const HOW_TO_GET_REDIS =
  'The tests need Redis: set REDIS_URL to a running server, or put redis-server or valkey-server on your PATH. ' +
  'On a Debian system with a package mirror, the tests download and unpack the package themselves.';

/** redis-server and the libraries that a system without it may lack. Packages that are installed are skipped. */
const DEBIAN_PACKAGES = [
  'redis-server',
  'redis-tools',
  'liblzf1',
  'liblua5.1-0',
  'lua-cjson',
  'lua-bitop',
  'libatomic1',
  'libjemalloc2',
];

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A server that a test has started, and may stop for a while. */
export interface StartedRedis extends TestRedis {
  /** Stops the process of the server: it keeps its connections and answers nothing. */
  freeze(): void;
  thaw(): void;
}

interface RedisProgram {
  command: string;
  env: NodeJS.ProcessEnv;
}

/**
 * The Redis server of a test run: that of REDIS_URL, otherwise a new one.
 * @throws Error that says how to provide Redis.
 */
export async function openRedis(): Promise<TestRedis> {
  const url = process.env['REDIS_URL'];
  return isSet(url) ? { url, stop: () => Promise.resolve() } : startRedis();
}

/** Whether {@link startRedis} may be called; false where REDIS_URL stands in for a missing program. */
export function canStartRedis(): boolean {
  return !isSet(process.env['REDIS_URL']) || installedProgram() !== undefined;
}

/**
 * Starts a Redis server that stores nothing on disk: redis-server or valkey-server from PATH, otherwise from Debian's
 * package, unpacked into a private cache without root rights and without any change to the system.
 * @param onPort the port of a server that was stopped; a free port by default.
 * @throws Error that says how to provide Redis.
 */
export async function startRedis(onPort?: number): Promise<StartedRedis> {
  const program = findProgram();
  const folder = createTemporaryFolder('redis', {});
  const logFile = join(folder, 'redis.log');
  const pidFile = join(folder, 'redis.pid');
  const port = onPort ?? (await findFreePort());
  const output = openSync(logFile, 'w', 0o600);
  const server = new GuardedProcess({
    command: program.command,
    args: [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--pidfile',
      pidFile,
      '--save',
      '',
      '--appendonly',
      'no',
    ],
    env: program.env,
    identity: {},
    output,
    stopSignal: 'TERM',
    removeAfterwards: folder,
  });
  closeSync(output);
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    if (server.running) process.kill(Number(readFileSync(pidFile, 'utf8')), name);
  };
  let frozen = false;
  const freeze = (): void => {
    signal('SIGSTOP');
    frozen = true;
  };
  const thaw = (): void => {
    if (frozen) signal('SIGCONT');
    frozen = false;
  };
  const stop = async (): Promise<void> => {
    thaw();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const state = await pollUntil(async () => {
    if (!server.running) return 'ended';
    return (await answersPing(port)) ? 'ready' : undefined;
  }, START_TIMEOUT_MS);
  if (state !== 'ready') {
    const log = readFileSync(logFile, 'utf8');
    await stop();
    throw new Error(`Redis (${program.command}) did not start: ${log}`);
  }
  return { url: `redis://127.0.0.1:${port}`, stop, freeze, thaw };
}

function findProgram(): RedisProgram {
  const program = installedProgram() ?? unpackedProgram();
  if (!works(program)) throw new Error(`${program.command} does not run. ${HOW_TO_GET_REDIS}`);
  return program;
}

function installedProgram(): RedisProgram | undefined {
  return PROGRAMS.map((command) => ({ command, env: process.env })).find(works);
}

function unpackedProgram(): RedisProgram {
  try {
    const { root, libraryPath } = unpackDebianPackages('redis', DEBIAN_PACKAGES);
    return {
      command: join(root, 'usr/bin/redis-server'),
      env: { ...process.env, LD_LIBRARY_PATH: libraryPath },
    };
  } catch (cause) {
    throw new Error(HOW_TO_GET_REDIS, { cause });
  }
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function works({ command, env }: RedisProgram): boolean {
  return spawnSync(command, ['--version'], { env }).status === 0;
}

async function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_TIMEOUT_MS });
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
    socket.once('end', () => finish(false));
  });
}
