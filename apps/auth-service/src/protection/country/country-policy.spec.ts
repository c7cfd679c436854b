import type { CountryPolicy } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { checkCountry } from './country-policy.js';

const enforce = (allowed: string[], denied: string[] = []): CountryPolicy => ({
  mode: 'enforce',
  allowed,
  denied,
});

describe('a country policy', () => {
  it.each([
    ['off', undefined, 'US', 'allowed'],
    ['that allows the country', enforce(['BR', 'AR']), 'AR', 'allowed'],
    ['that allows others', enforce(['BR', 'AR']), 'US', 'refused'],
    ['that allows every country', enforce([]), 'US', 'allowed'],
    ['that denies the country', enforce([], ['US']), 'US', 'refused'],
    ['that denies others', enforce([], ['US']), 'DE', 'allowed'],
    ['that allows and denies the country', enforce(['BR', 'US'], ['US']), 'US', 'refused'],
    ['that denies others and does not allow the country', enforce(['BR'], ['DE']), 'US', 'refused'],
    ['and an unknown country', enforce(['BR'], ['US']), undefined, 'allowed'],
    ['that observes', { ...enforce(['BR']), mode: 'observe' }, 'US', 'would_refuse'],
    ['that observes an allowed country', { ...enforce(['BR']), mode: 'observe' }, 'BR', 'allowed'],
  ] as const)('%s', (_what, policy, country, verdict) => {
    expect(checkCountry(policy, country)).toBe(verdict);
  });
});
