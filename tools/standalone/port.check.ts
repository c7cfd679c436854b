import { createServer } from 'node:net';
import { StartFailureError } from '@poc-tracker/http-service';

/**
 * Makes sure that the service will be able to listen, before anything is started for it.
 * @param variable by what the port is set.
 * @throws StartFailureError with what to do.
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
        `Port ${port} of ${host} is taken by another program; stop that one, or choose another port: ${variable}=${port + 1} npm start`,
      );
    case 'EACCES':
      return new StartFailureError(
        `This user may not listen on port ${port}; choose one from 1024 up: ${variable}=${variable === 'PORT' ? 3000 : 3001} npm start`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartFailureError(
        `HOST=${host} is no address of this machine; use 127.0.0.1, or 0.0.0.0 for all.`,
      );
    default:
      return error;
  }
}
