import { DataDirectoryInUseError } from '@poc-tracker/embedded';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '@poc-tracker/http-service';
import { describeStartFailure, StartFailureError } from './start-failure.error.js';

describe('describeStartFailure', () => {
  it.each([
    new StartFailureError('The port is taken.'),
    new DataDirectoryInUseError('/srv/.data/postgres', 42),
    new ConfigurationError([{ variable: 'PORT', problem: 'is wrong.', example: '3000' }]),
  ])('prints the sentence of $name alone', (error) => {
    expect(describeStartFailure(error)).toBe(error.message);
  });

  it('prints the stack of an error that nobody foresaw', () => {
    expect(describeStartFailure(new TypeError('x is not a function'))).toMatch(
      /^TypeError: x is not[^]*\n +at /,
    );
  });
});
