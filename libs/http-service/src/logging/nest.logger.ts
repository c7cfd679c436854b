import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Nest logs dozens of lines about its wiring per start, which are only useful when debugging it. */
const WIRING_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest's logger interface on top of pino, so that every line has the same form. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...parameters: unknown[]): void {
    const context = parameters.at(-1);
    const wiring = typeof context === 'string' && WIRING_CONTEXTS.has(context);
    this.write(wiring ? 'debug' : 'info', message, parameters);
  }

  error(message: unknown, ...parameters: unknown[]): void {
    this.write('error', message, parameters);
  }

  warn(message: unknown, ...parameters: unknown[]): void {
    this.write('warn', message, parameters);
  }

  debug(message: unknown, ...parameters: unknown[]): void {
    this.write('debug', message, parameters);
  }

  verbose(message: unknown, ...parameters: unknown[]): void {
    this.write('trace', message, parameters);
  }

  fatal(message: unknown, ...parameters: unknown[]): void {
    this.write('fatal', message, parameters);
  }

  /** Nest passes the context last, and for errors a stack or the error before it. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    parameters: unknown[],
  ): void {
    const context = parameters.at(-1);
    const rest = typeof context === 'string' ? parameters.slice(0, -1) : parameters;
    const err = [message, ...rest].find((value) => value instanceof Error);
    const stack = rest.find((value) => typeof value === 'string');
    this.logger[level](
      {
        ...(typeof context === 'string' && { context }),
        ...(err !== undefined && { err }),
        ...(err === undefined && stack !== undefined && { stack }),
      },
      message instanceof Error ? message.message : String(message),
    );
  }
}
