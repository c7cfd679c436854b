/** How many attempts may pass in any window of this length. */
export interface RateLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

/** A limit, or `off` for no limit. */
export type RuleValue = RateLimit | 'off';

/** How a limit is written: up to 10^9 - 1 attempts, and up to a day, because a counter is kept as long as its window. */
export const RATE_LIMIT_FORMAT =
  /^(?:off|[1-9]\d{0,8}\/(?:[1-9]\d{0,3}|[1-7]\d{4}|8[0-5]\d{3}|86[0-3]\d{2}|86400))$/;

/** Reads `20/900` (attempts/seconds) or `off`; undefined if the text is neither. */
export function parseRateLimit(text: string): RuleValue | undefined {
  if (!RATE_LIMIT_FORMAT.test(text)) return undefined;
  if (text === 'off') return 'off';
  const [limit = 0, windowSeconds = 0] = text.split('/').map(Number);
  return { limit, windowSeconds };
}

/** The text that {@link parseRateLimit} reads. */
export function formatRateLimit(value: RuleValue): string {
  return value === 'off' ? 'off' : `${value.limit}/${value.windowSeconds}`;
}
