import { describe, expect, it } from 'vitest';
import { throwFailures } from './throw-failures.js';

describe('The failures of a run', () => {
  it('throw nothing if there are none', () => {
    expect(() => throwFailures([], '0 failed')).not.toThrow();
  });

  it('are all in one error, whose message names three of them', () => {
    const failures = Array.from({ length: 1_000 }, (_, index) => new Error(`tenant ${index}`));
    const thrown = expect(() => throwFailures(failures, '1000 failed'));
    thrown.toThrow(
      expect.objectContaining({
        errors: failures,
        message: '1000 failed: tenant 0; tenant 1; tenant 2',
      }),
    );
  });
});
