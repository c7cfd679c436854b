import type { ApiError } from '@poc-tracker/contracts';

/** The process cannot start for a reason that its operator can fix. The message is one sentence that says how. */
export class StartFailureError extends Error {
  override readonly name = 'StartFailureError';
}

/** Errors whose message is written for the operator. A stack would only hide it. */
const EXPLAINED = new Set([
  StartFailureError.name,
  'ConfigurationError',
  'EmbeddedPostgresError',
  'DataDirectoryInUseError',
  'IsolationProofError',
]);

/** Errors of files, by their code. */
const OBSTACLES: Readonly<Record<string, string>> = {
  EACCES: 'this user has no permission',
  EPERM: 'this user has no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: "the user's disk quota is used up",
};

/** Codes of Node.js and OpenSSL for a certificate that is not accepted. */
const TLS_FAILURE = /CERT|UNABLE_TO_|^ERR_(TLS|SSL)_/;

/** What the driver says if the server has no TLS. */
const NO_TLS = 'The server does not support SSL connections';

/**
 * What to print if PostgreSQL's certificate is not accepted, or it has no TLS; undefined for any other error.
 * @param urls the settings that name the server.
 */
export function describeTlsFailure(error: NodeJS.ErrnoException, urls: string): string | undefined {
  if (!TLS_FAILURE.test(error.code ?? '') && error.message !== NO_TLS) return undefined;
  return (
    `The TLS connection to PostgreSQL failed: ${error.message}. ${urls} must name the host of the ` +
    "server's certificate, and NODE_EXTRA_CA_CERTS the file of a private certificate authority."
  );
}

/**
 * What to print when a process cannot start or stop: one sentence for a known reason, the stack for any other error.
 * @param translateError recognizes errors of the database.
 */
export function describeStartFailure(
  error: unknown,
  translateError: (error: unknown) => ApiError | undefined,
): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return 'Another program uses this port. Stop that program, or choose another port with PORT.';
  if (code === 'EADDRNOTAVAIL')
    return 'HOST is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all addresses.';
  if (code === 'EACCES' && syscall === 'listen')
    return 'This user cannot listen on this port. Choose a port from 1024 up with PORT.';
  const obstacle = OBSTACLES[code ?? ''];
  if (obstacle !== undefined) {
    return (
      `${path ?? 'A file'} cannot be used: ${obstacle}. Change that, or choose another place: ` +
      'DATA_DIR for "npm start", STORAGE_DIR for the tracker.'
    );
  }
  const tlsFailure = describeTlsFailure(error, 'DATABASE_URL and PLATFORM_DATABASE_URL');
  if (tlsFailure !== undefined) return tlsFailure;
  if (translateError(error)?.code === 'SERVICE_UNAVAILABLE') {
    // A host name with several addresses fails with one error for all of them, which has a code and no message.
    return `The database is unreachable, or it refuses the login of DATABASE_URL: ${error.message || String(code)}`;
  }
  return EXPLAINED.has(error.name) ? error.message : (error.stack ?? error.message);
}
