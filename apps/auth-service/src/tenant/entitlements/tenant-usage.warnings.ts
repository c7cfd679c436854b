/** What a tenant's plan limits, as usage is counted. */
export const LIMITED_RESOURCES = ['users', 'pocs', 'storage'] as const;

export type LimitedResource = (typeof LIMITED_RESOURCES)[number];

/** 80 % and 100 % of a limit. */
export const USAGE_LEVELS = ['warning', 'reached'] as const;

export type UsageLevel = (typeof USAGE_LEVELS)[number];

/** Expression: when the current tenant last crossed each level of each limit; six look-ups in an index. */
export const LATEST_EVENTS = `(
  SELECT json_object_agg(format('%s.%s', r.resource, l.level), (
           SELECT max(e.created_at) FROM usage_events e WHERE e.resource = r.resource AND e.level = l.level))
    FROM unnest(ARRAY['users', 'pocs', 'storage']) AS r (resource),
         unnest(ARRAY['warning', 'reached']) AS l (level))`;

/** The level that usage has reached; null below 80 % and where nothing is used. The database records by the same rule. */
export function usageLevel(used: number, limit: number): UsageLevel | null {
  if (used === 0 || used * 5 < limit * 4) return null;
  return used >= limit ? 'reached' : 'warning';
}
