import { createServer } from 'node:net';
import { DEFAULT_PORTS } from '@poc-tracker/contracts';
import { StartFailureError } from '@poc-tracker/http-service';

/**
 * Checks that a port can be listened on, before anything else is started.
 * @param variable the setting of the port
 * @throws StartFailureError that says what to change
 */
export async function assertPortIsFree(
  host: string,
  port: number,
  variable = 'PORT',
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(explain(error, { host, port, variable })),
    );
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

/** Not the next one, which the tracker uses by default. */
function anotherPort(port: number): number {
  return port + 10 > 65_535 ? port - 10 : port + 10;
}

/** @throws StartFailureError if the tracker would get the port of the service */
export function assertPortsDiffer(port: number, trackerPort: number): void {
  if (port === 0 || port !== trackerPort) return;
  throw new StartFailureError(
    `PORT and TRACKER_PORT are both ${port}. Choose another port for the tracker: TRACKER_PORT=${anotherPort(port)} npm start`,
  );
}

function defaultPortOf(variable: string): number {
  return variable === 'PORT' ? DEFAULT_PORTS.authService : DEFAULT_PORTS.tracker;
}

function explain(
  error: NodeJS.ErrnoException,
  { host, port, variable }: { host: string; port: number; variable: string },
): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartFailureError(
        `Port ${port} of ${host} is in use by another program. Stop that program, or choose another port: ` +
          `${variable}=${anotherPort(port)} npm start`,
      );
    case 'EACCES':
      return new StartFailureError(
        `This user cannot listen on port ${port}. Choose a port from 1024 up: ${variable}=${defaultPortOf(variable)} npm start`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartFailureError(
        `HOST=${host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all addresses.`,
      );
    default:
      return error;
  }
}
