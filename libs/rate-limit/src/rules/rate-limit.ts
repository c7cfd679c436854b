/** How many attempts may pass in any window of this length. */
export interface RateLimit {
  readonly limit: number;
  /** At most an hour: see {@link parseRateLimit}. */
  readonly windowSeconds: number;
}

/** A limit, or `off` for no limit. */
export type RuleValue = RateLimit | 'off';

const MAX_LIMIT = 1_000_000_000;

/** Redis and the processes keep a counter as long as its window. */
const MAX_WINDOW_SECONDS = 86_400;

/** How a limit is written. */
export const RATE_LIMIT_FORMAT = /^(?:off|[1-9]\d{0,9}\/[1-9]\d{0,4})$/;

/** Reads `20/900` (attempts/seconds) or `off`; undefined if the text is neither, or above 10^9 attempts or a day. */
export function parseRateLimit(text: string): RuleValue | undefined {
  if (!RATE_LIMIT_FORMAT.test(text)) return undefined;
  if (text === 'off') return 'off';
  const [limit = 0, windowSeconds = 0] = text.split('/').map(Number);
  return limit <= MAX_LIMIT && windowSeconds <= MAX_WINDOW_SECONDS
    ? { limit, windowSeconds }
    : undefined;
}

/** The text that {@link parseRateLimit} reads. */
export function formatRateLimit(value: RuleValue): string {
  return value === 'off' ? 'off' : `${value.limit}/${value.windowSeconds}`;
}
