import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataDirectoryLock } from './data-directory.lock.js';
import { initialiseDataDirectory, placeDataDirectory, SUPERUSER } from './data-directory.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { findFreePort } from './free-port.js';
import { GuardedProcess } from './process/guarded-process.js';
import { stopLeftoverServer } from './process/leftover-server.js';
import { findNativeInstallation } from './native-installation.js';
import { pollUntil } from './poll.js';
import { chooseServerIdentity, type ServerIdentity } from './process/server-identity.js';

/** Recovery after a crash replays the log of the last minutes at most. */
const START_TIMEOUT_MS = 60_000;

/** A free port can be taken between the look and the bind. */
const PORT_ATTEMPTS = 5;

/** The service's largest pool (100) plus migrations, operators and a person who looks. */
const MAX_CONNECTIONS = 120;

/** Line 8 of postmaster.pid is the server's state; see PostgreSQL's src/include/utils/pidfile.h. */
const STATE_LINE = 7;

export interface EmbeddedPostgres {
  /** The superuser's connection URL, password included; only 127.0.0.1 listens. */
  readonly adminUrl: string;
  readonly port: number;
  /** Where the data really are: elsewhere than asked for when the server's account cannot enter that place. */
  readonly dataDirectory: string;
  /** Ends all connections and stops the server in order. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Made when missing. Files with the same name and an ending (.lock, .log, .password) lie beside it. */
  dataDir: string;
  /** A free one when left out. */
  port?: number;
  /** False switches off everything that protects the data from a power cut: for tests, which it makes faster. */
  durable: boolean;
  /** A folder to remove once the server was stopped, even by our being killed; it must belong to the server's account. */
  removeAfterwards?: string;
}

/**
 * Starts the PostgreSQL of the npm package on 127.0.0.1 with its data in `dataDir`. As root it drops to an account
 * without rights; it has its own process group; it ends with this process, however that dies.
 * @throws DataDirectoryInUseError while another living process serves the directory.
 * @throws EmbeddedPostgresError with one sentence on what is in the way.
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const wanted = resolve(options.dataDir);
  const identity = chooseServerIdentity(wanted);
  const dataDirectory = placeDataDirectory(wanted, identity);
  const lock = DataDirectoryLock.acquire(wanted);
  try {
    await stopLeftoverServer(dataDirectory);
    const native = findNativeInstallation(identity);
    const password = initialiseDataDirectory({
      dataDirectory,
      passwordFile: `${wanted}.password`,
      native,
      identity,
      durable: options.durable,
    });
    const launch: Launch = {
      ...options,
      dataDirectory,
      logFile: `${wanted}.log`,
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
    // Statements with their parameters are the application's to log; here they would put secrets into a file.
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

/** The most telling line of a failed start, without PostgreSQL's time stamp and pid. */
function findReason(log: string): string {
  const lines = log.trim().split('\n');
  const line = lines.find((candidate) => /(FATAL|PANIC): /.test(candidate)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(FATAL|PANIC|LOG|HINT): +/, '') || 'it ended without a word';
}
