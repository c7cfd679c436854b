import type { CountryPolicy } from '@poc-tracker/contracts';

/** `would_refuse`: the client is allowed, and recorded as one that `enforce` would refuse. */
export type CountryVerdict = 'allowed' | 'would_refuse' | 'refused';

/**
 * What the policy of a tenant says about a client.
 * @param policy undefined if it is off
 * @param country undefined for an address of no known country, which is always allowed: no database knows all addresses
 */
export function checkCountry(
  policy: CountryPolicy | undefined,
  country: string | undefined,
): CountryVerdict {
  if (policy === undefined || country === undefined) return 'allowed';
  const { mode, allowed, denied } = policy;
  const isAllowed = allowed.length === 0 || allowed.includes(country);
  if (isAllowed && !denied.includes(country)) return 'allowed';
  return mode === 'enforce' ? 'refused' : 'would_refuse';
}
