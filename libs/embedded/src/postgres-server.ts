import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataDirectoryLock } from './data-directory.lock.js';
import { initializeDataDirectory, placeDataDirectory, SUPERUSER } from './data-directory.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { findFreePort } from './free-port.js';
import { GuardedProcess } from './process/guarded-process.js';
import { stopLeftoverServer } from './process/leftover-server.js';
import { findNativeInstallation } from './native-installation.js';
import { pollUntil } from './poll.js';
import {
  chooseServerIdentity,
  type ServerIdentity,
  takeOverFiles,
} from './process/server-identity.js';

/** Recovery after a crash replays at most the WAL of the last minutes. */
const START_TIMEOUT_MS = 60_000;

/** A free port can be taken before the server binds it. */
const PORT_ATTEMPTS = 5;

/** The service (106) and the tracker (22) of `npm start`, migrations, the command line, manual sessions, and 3 reserved. */
const MAX_CONNECTIONS = 150;

/** Line 8 of postmaster.pid is the server's state; see PostgreSQL's src/include/utils/pidfile.h. */
const STATE_LINE = 7;

export interface EmbeddedPostgres {
  /** The superuser's connection URL, password included; only 127.0.0.1 listens. */
  readonly adminUrl: string;
  readonly port: number;
  /** The real path of the data, which differs from `dataDir` if the server's account cannot enter that folder. */
  readonly dataDirectory: string;
  /** Closes all connections and shuts the server down. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Created if missing. Files with the same name and a suffix (.lock, .log, .password) are beside it. */
  dataDir: string;
  /** Default a free port. */
  port?: number;
  /** False disables everything that protects the data from a power failure, which makes tests faster. */
  durable: boolean;
  /** A folder to remove after the server was stopped, even if this process is killed. The server's account must own it. */
  removeAfterwards?: string;
}

/**
 * Starts the PostgreSQL of the npm package on 127.0.0.1 with its data in `dataDir`. As root it switches to an unprivileged
 * account. It has its own process group, and it stops with this process, even if that is killed.
 * @throws DataDirectoryInUseError while another running process uses the directory.
 * @throws EmbeddedPostgresError with a sentence that says what is wrong.
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const requested = resolve(options.dataDir);
  const identity = chooseServerIdentity(requested);
  const dataDirectory = placeDataDirectory(requested, identity);
  const lock = DataDirectoryLock.acquire(requested);
  try {
    await stopLeftoverServer(dataDirectory);
    takeOverFiles(dataDirectory, identity);
    const native = findNativeInstallation(identity);
    const password = initializeDataDirectory({
      dataDirectory,
      passwordFile: `${requested}.password`,
      native,
      identity,
      durable: options.durable,
    });
    const launch: Launch = {
      ...options,
      dataDirectory,
      logFile: `${requested}.log`,
      native,
      identity,
    };
    const { server, port } = await launchOnFreePort(launch);
    return {
      adminUrl: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
      port,
      dataDirectory,
      stop: async () => {
        await server.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Launch extends EmbeddedPostgresOptions {
  dataDirectory: string;
  logFile: string;
  native: string;
  identity: ServerIdentity;
}

async function launchOnFreePort(launch: Launch): Promise<{ server: GuardedProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = launch.port ?? (await findFreePort());
    const server = launchServer(launch, port);
    const state = await pollUntil(() => {
      if (!server.running) return 'ended';
      return readState(launch.dataDirectory) === 'ready' ? 'ready' : undefined;
    }, START_TIMEOUT_MS);
    if (state === 'ready') return { server, port };
    await server.stop();
    const log = readFileSync(launch.logFile, 'utf8');
    if (log.includes('could not bind')) {
      if (launch.port === undefined && attempt < PORT_ATTEMPTS) continue;
      throw new EmbeddedPostgresError(
        `Port ${port} of 127.0.0.1 is taken, so the embedded PostgreSQL cannot use it.`,
      );
    }
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL did not start: ${findReason(log)} (log: ${launch.logFile})`,
    );
  }
}

function launchServer(launch: Launch, port: number): GuardedProcess {
  const { dataDirectory, logFile, native, identity, durable, removeAfterwards } = launch;
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: MAX_CONNECTIONS,
    // The application logs statements; PostgreSQL would write parameters with secrets to its log file.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const output = openSync(logFile, 'w', 0o600);
  try {
    return new GuardedProcess({
      command: join(native, 'bin/postgres'),
      args: [
        '-D',
        dataDirectory,
        '-p',
        String(port),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      identity,
      output,
      stopSignal: 'INT',
      ...(removeAfterwards === undefined ? {} : { removeAfterwards }),
    });
  } finally {
    closeSync(output);
  }
}

function readState(dataDirectory: string): string | undefined {
  try {
    const lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    return lines[STATE_LINE]?.trim();
  } catch {
    return undefined;
  }
}

/** The most important log line of a failed start, without PostgreSQL's timestamp and pid. */
function findReason(log: string): string {
  const lines = log.trim().split('\n');
  const line = lines.find((candidate) => /(FATAL|PANIC): /.test(candidate)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(FATAL|PANIC|LOG|HINT): +/, '') || 'it exited without a message';
}
