import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../settings/service-settings.js';

/** Deeper chains of causes add length to a line and nothing to an investigation. */
const MAX_CAUSES = 5;

/** Names under which credentials travel. Nothing logs them on purpose; this holds when something does by accident. */
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

/** The paths of {@link SECRET_FIELDS} at the top of a line and up to three levels below it. */
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
 * The part of an error that may be logged. Other properties stay out: a database error carries the values of the
 * statement, e-mail addresses and hashes among them, in `parameters` and `detail`.
 */
function describeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined &&
      depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}

/**
 * The one logger of the process: a JSON object a line (so that a line break in a value forges no second one), times
 * in UTC, secrets redacted.
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
