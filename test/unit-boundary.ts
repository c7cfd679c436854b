import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, Server, Socket } from 'node:net';

// Confines unit tests to their own process. A violation is recorded as well as thrown, because the code under test may
// handle a failed connection.

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/;
const ADVICE =
  'A unit test uses nothing outside its own process. ' +
  'Rename the file to *.database.spec.ts if it needs PostgreSQL or Redis, otherwise to *.system.spec.ts; ' +
  'vitest.config.ts describes the tiers.';

/** Ports and socket paths on which this process listens or has listened. */
const ownServers = new Set<number | string>();
let violations: string[] = [];

interface ConnectOptions {
  host?: string;
  port?: number | string;
  path?: string;
}

function recordViolation(what: string): Error {
  violations.push(what);
  return new Error(`${what}. ${ADVICE}`);
}

const listen = Server.prototype.listen as (...args: unknown[]) => Server;
Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
  this.prependOnceListener('listening', () => {
    const address = this.address() as AddressInfo | string;
    ownServers.add(typeof address === 'string' ? address : address.port);
  });
  return listen.apply(this, args);
};

const connect = Socket.prototype.connect as (...args: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const { host = 'localhost', port, path } = connectOptions(args);
  const target = path ?? `${host}:${port}`;
  if (path === undefined && !LOOPBACK.test(host))
    return this.destroy(recordViolation(`A unit test connected to ${target}`));
  // A refused connection has reached no server, so tests may try one.
  this.prependOnceListener('connect', () => {
    if (ownServers.has(path ?? Number(port))) return;
    const error = recordViolation(`A unit test connected to ${target}`);
    // Later, because clients do not expect a socket to be destroyed while it reports that it is connected.
    setImmediate(() => this.destroy(error));
  });
  return connect.apply(this, args);
};

/** The arguments are options, a path, or a port and a host; Node's own modules pass them as one list. */
function connectOptions(args: unknown[]): ConnectOptions {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  if (typeof first === 'object' && first !== null) return first;
  if (typeof first === 'string' && Number.isNaN(Number(first))) return { path: first };
  const port = first as number | string;
  return typeof second === 'string' ? { port, host: second } : { port };
}

function refuseProcess(): never {
  throw recordViolation('A unit test started a process');
}

// Every asynchronous way to start a process goes through this method, which the declared class lacks.
Object.assign(ChildProcess.prototype, { spawn: refuseProcess });
for (const method of ['spawnSync', 'execSync', 'execFileSync'] as const)
  childProcess[method] = refuseProcess;
syncBuiltinESMExports();

/** @throws Error when the code under test has reached out of the process since the last call. */
export function failOnViolation(): void {
  const [first] = violations;
  violations = [];
  if (first !== undefined) throw new Error(`${first}. ${ADVICE}`);
}
