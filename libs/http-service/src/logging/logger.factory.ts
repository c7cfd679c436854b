import { ApiError } from '@poc-tracker/contracts';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../settings/service-settings.js';

/** Deeper causes only make the line longer. */
const MAX_CAUSES = 5;

/** Field names of credentials. They are never logged on purpose; this redacts them if they are logged by mistake. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  'password',
  'adminPassword',
  'currentPassword',
  'newPassword',
  'passwordHash',
  'accessToken',
  'refreshToken',
  'inviteToken',
  'token',
];

/** The paths of {@link SECRET_FIELDS}, up to three levels deep. */
const REDACTED_PATHS = SECRET_FIELDS.flatMap((field) => {
  const below = field.startsWith('[') ? field : `.${field}`;
  return [field, `*${below}`, `*.*${below}`, `*.*.*${below}`];
});

interface LoggedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: LoggedError;
}

/**
 * The parts of an error that may be logged. Other properties are left out: `parameters` and `detail` of a database error
 * contain values of the statement, such as email addresses and hashes.
 */
function describeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && !isRefusal(error) && { stack: error.stack }),
    ...(error.cause !== undefined &&
      depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}

/** An answer of the catalogue that the code gives on purpose. Its code says enough; an unexpected error is its cause. */
function isRefusal(error: Error): boolean {
  return error instanceof ApiError && error.status !== 500;
}

/**
 * The logger of the process: one JSON object per line, so that a line break in a value cannot forge a line; times in UTC;
 * secrets redacted.
 */
export function createLogger(
  level: LogLevel,
  destination: DestinationStream = pino.destination(1),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: describeError },
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    },
    destination,
  );
}
