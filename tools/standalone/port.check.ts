import { createServer } from 'node:net';
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

function explain(
  error: NodeJS.ErrnoException,
  { host, port, variable }: { host: string; port: number; variable: string },
): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartFailureError(
        `Port ${port} of ${host} is in use by another program. Stop that program, or choose another port: ${variable}=${port + 1} npm start`,
      );
    case 'EACCES':
      return new StartFailureError(
        `This user cannot listen on port ${port}. Choose a port from 1024 up: ${variable}=${variable === 'PORT' ? 3000 : 3001} npm start`,
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
