import type { FastifyBaseLogger } from 'fastify';
import type { Bindings, ChildLoggerOptions, Level, Logger } from 'pino';

type Line = [object: unknown, ...rest: unknown[]];

/**
 * The logger of one request, whose lines have its id. A pino child serializes its bindings when it is created. Here that
 * happens with the first line, because many requests write none.
 */
class RequestLogger {
  private logger: Logger | undefined;

  constructor(
    private readonly parent: Logger,
    private readonly bindings: Bindings,
  ) {}

  get level(): string {
    return this.parent.level;
  }

  trace(...line: Line): void {
    this.write('trace', line);
  }

  debug(...line: Line): void {
    this.write('debug', line);
  }

  info(...line: Line): void {
    this.write('info', line);
  }

  warn(...line: Line): void {
    this.write('warn', line);
  }

  error(...line: Line): void {
    this.write('error', line);
  }

  fatal(...line: Line): void {
    this.write('fatal', line);
  }

  /** Pino's lowest level, which writes nothing. */
  silent(): void {}

  child(bindings: Bindings, options?: ChildLoggerOptions): Logger {
    return this.own().child(bindings, options);
  }

  private write(level: Level, line: Line): void {
    if (!this.parent.isLevelEnabled(level)) return;
    const own = this.own();
    Reflect.apply(own[level], own, line);
  }

  private own(): Logger {
    return (this.logger ??= this.parent.child(this.bindings));
  }
}

/** Fastify's `childLoggerFactory` for a {@link Logger} of pino. */
export function createRequestLogger(
  parent: FastifyBaseLogger,
  bindings: Bindings,
): FastifyBaseLogger {
  return new RequestLogger(parent as Logger, bindings) as FastifyBaseLogger;
}
