import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../settings/environment-reader.js';
import { describeStartFailure, StartFailureError } from './start-failure.js';

const unknown = (): undefined => undefined;

function errorWith(properties: Partial<NodeJS.ErrnoException>): Error {
  return Object.assign(new Error(properties.message ?? ''), properties);
}

describe('describeStartFailure', () => {
  it.each([
    new StartFailureError('The port is taken.'),
    new ConfigurationError([{ variable: 'PORT', problem: 'is wrong.', example: '3000' }]),
    errorWith({ name: 'DataDirectoryInUseError', message: 'Process 42 uses this folder.' }),
  ])('prints only the sentence of a $name', (error) => {
    expect(describeStartFailure(error, unknown)).toBe(error.message);
  });

  it.each([
    ['PORT', { code: 'EADDRINUSE' }],
    ['PORT', { code: 'EACCES', syscall: 'listen' }],
    ['HOST', { code: 'EADDRNOTAVAIL' }],
  ])('names the setting %s for an address that cannot be used: %j', (setting, properties) => {
    const sentence = describeStartFailure(errorWith(properties), unknown);
    expect(sentence).toContain(setting);
    expect(sentence).not.toContain('\n');
  });

  it('names the path that this user cannot access', () => {
    const error = errorWith({ code: 'EACCES', path: '/srv/files' });
    expect(describeStartFailure(error, unknown)).toContain('cannot access /srv/files');
  });

  it('says that the database is unreachable, with the code where the error has no message', () => {
    const unavailable = () => new ApiError('SERVICE_UNAVAILABLE');
    expect(describeStartFailure(errorWith({ code: 'ECONNREFUSED' }), unavailable)).toBe(
      'The database is unreachable, or it refuses the login of DATABASE_URL: ECONNREFUSED',
    );
  });

  it('prints the stack of an unexpected error', () => {
    expect(describeStartFailure(new TypeError('x is not a function'), unknown)).toMatch(
      /^TypeError: x is not[^]*\n +at /,
    );
  });
});
