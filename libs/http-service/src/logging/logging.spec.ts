import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.factory.js';
import { NestLogger } from './nest.logger.js';

function record(): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return {
    lines,
    logger: createLogger('debug', { write: (line) => void lines.push(line) }),
  };
}

describe('The logger', () => {
  it('redacts secrets up to three levels deep', () => {
    const { lines, logger } = record();
    const secrets = {
      authorization: 'hunter2',
      cookie: 'hunter2',
      'set-cookie': ['hunter2'],
      newPassword: 'hunter2',
    };
    logger.info(
      { ...secrets, a: { ...secrets, b: { password: 'hunter2', c: { refreshToken: 'hunter2' } } } },
      'x',
    );
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('[redacted]');
  });

  it('writes one line per record, whatever line breaks a value contains', () => {
    const { lines, logger } = record();
    logger.info({ agent: 'curl\r\n{"level":"info","msg":"forged"}\u2028' }, 'a\nb');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/);
  });

  it('writes only type, message, code and stack of an error and its causes', () => {
    const { lines, logger } = record();
    const cause = Object.assign(new Error('inner'), {
      detail: 'Key (email)=(ana@acme.example)',
      code: '23505',
    });
    logger.error(
      { err: Object.assign(new Error('outer', { cause }), { parameters: ['hunter2'] }) },
      'x',
    );
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      err: {
        type: 'Error',
        message: 'outer',
        stack: expect.any(String),
        cause: { message: 'inner', code: '23505' },
      },
    });
    expect(lines[0]).not.toMatch(/hunter2|ana@acme/);
  });

  it.each([
    ['SERVICE_BUSY', false],
    ['INVALID_CREDENTIALS', false],
    ['INTERNAL_ERROR', true],
  ] as const)('writes the stack of %s: %s, and always that of its cause', (code, expected) => {
    const { lines, logger } = record();
    logger.warn({ err: new ApiError(code, { cause: new Error('inner') }) }, 'x');
    const { err } = JSON.parse(lines[0] ?? '') as { err: { stack?: string; cause: object } };
    expect(err.stack !== undefined).toBe(expected);
    expect(err.cause).toHaveProperty('stack');
  });

  it('stops at a circular chain of causes', () => {
    const { lines, logger } = record();
    const error = new Error('round');
    error.cause = error;
    logger.error({ err: error }, 'x');
    expect(lines).toHaveLength(1);
  });
});

describe('NestLogger', () => {
  it('keeps the context, the error and the level, and logs the wiring of modules at debug', () => {
    const { lines, logger } = record();
    const nest = new NestLogger(logger);
    nest.log('started', 'Bootstrap');
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    nest.error('failed', 'Error: failed\n    at here', 'Jobs');
    nest.error(new Error('whole'));
    nest.warn({ toString: () => 'an object' });
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'info', context: 'Bootstrap', msg: 'started' },
      { level: 'debug', context: 'RouterExplorer' },
      { level: 'error', context: 'Jobs', msg: 'failed', stack: expect.stringContaining('at here') },
      { level: 'error', msg: 'whole', err: { message: 'whole' } },
      { level: 'warn', msg: 'an object' },
    ]);
  });
});
