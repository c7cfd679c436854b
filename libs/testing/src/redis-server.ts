import { findFreePort, GuardedProcess, pollUntil } from '@poc-tracker/embedded';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { unpackDebianPackages } from './debian-packages.js';
import { createTemporaryFolder } from './temporary-folder.js';

const START_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 500;

/** redis-server and those of its libraries that a system without it may lack; what is there already is skipped. */
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

interface RedisProgram {
  command: string;
  env: NodeJS.ProcessEnv;
}

/**
 * Starts a real Redis that keeps nothing on disk: REDIS_SERVER_BIN, else redis-server or valkey-server on PATH, else
 * Debian's package unpacked into a private cache (no root, no change of the system).
 * @param onPort where another one was before; a free port when left out.
 */
export async function startRedis(onPort?: number): Promise<TestRedis> {
  const program = findProgram();
  const folder = createTemporaryFolder('redis', {});
  const logFile = join(folder, 'redis.log');
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
  const stop = async (): Promise<void> => {
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
  return { url: `redis://127.0.0.1:${port}`, stop };
}

function findProgram(): RedisProgram {
  const wanted = process.env['REDIS_SERVER_BIN'];
  const candidates =
    wanted === undefined || wanted === '' ? ['redis-server', 'valkey-server'] : [wanted];
  const found = candidates.map((command) => ({ command, env: process.env })).find(works);
  if (found !== undefined) return found;
  if (wanted !== undefined && wanted !== '')
    throw new Error(`REDIS_SERVER_BIN names ${wanted}, which does not run.`);
  const { root, libraryPath } = unpackDebianPackages('redis', DEBIAN_PACKAGES);
  const unpacked = {
    command: join(root, 'usr/bin/redis-server'),
    env: { ...process.env, LD_LIBRARY_PATH: libraryPath },
  };
  if (works(unpacked)) return unpacked;
  throw new Error(
    `The unpacked ${unpacked.command} does not run; install redis-server or valkey, or set REDIS_SERVER_BIN.`,
  );
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
