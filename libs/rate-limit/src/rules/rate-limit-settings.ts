import type { EnvironmentReader } from '@poc-tracker/http-service';
import { parseRateLimit, type RuleValue } from './rate-limit.js';
import { DEFAULT_RULES, isRuleName, RULE_NAMES, type RuleName } from './rule-catalogue.js';

/** The limits of an installation. */
export interface RateLimitSettings {
  readonly rules: Readonly<Record<RuleName, RuleValue>>;
  /** Rules that report what they would refuse, and refuse nothing. */
  readonly shadow: readonly RuleName[];
}

/** Every rule that is not named. */
const ALL = 'all';

const EXAMPLE = 'login:user=20/900,auth:ip=off';

/**
 * Reads RATE_LIMITS, such as `login:user=20/900,auth:ip=off`, and RATE_LIMIT_SHADOW, such as `auth:ip`. In both, `all` means
 * every rule that is not named.
 */
export function readRateLimits(reader: EnvironmentReader): RateLimitSettings {
  return { rules: readRules(reader), shadow: readShadow(reader) };
}

function readRules(reader: EnvironmentReader): RateLimitSettings['rules'] {
  const given = new Map<string, RuleValue>();
  for (const entry of reader.list('RATE_LIMITS')) {
    const [name = '', ...values] = entry.split('=');
    const text = values.join('=');
    const value = parseRateLimit(text);
    const problem = problemOf(name, text, value, given);
    if (problem !== undefined) reader.refuse('RATE_LIMITS', problem, EXAMPLE);
    else if (value !== undefined) given.set(name, value);
  }
  const valueOf = (name: RuleName): RuleValue =>
    given.get(name) ?? given.get(ALL) ?? DEFAULT_RULES[name];
  return Object.fromEntries(RULE_NAMES.map((name) => [name, valueOf(name)])) as Record<
    RuleName,
    RuleValue
  >;
}

function problemOf(
  name: string,
  text: string,
  value: RuleValue | undefined,
  given: ReadonlyMap<string, RuleValue>,
): string | undefined {
  if (name !== ALL && !isRuleName(name)) return unknownRule(name);
  if (value === undefined) return `must give "${name}" attempts/seconds or off, not "${text}".`;
  return given.has(name) ? `names "${name}" twice.` : undefined;
}

function readShadow(reader: EnvironmentReader): readonly RuleName[] {
  const names = reader.list('RATE_LIMIT_SHADOW');
  if (names.includes(ALL)) return RULE_NAMES;
  for (const name of names) {
    if (!isRuleName(name))
      reader.refuse('RATE_LIMIT_SHADOW', unknownRule(name), 'auth:ip,login:user');
  }
  return names.filter(isRuleName);
}

function unknownRule(name: string): string {
  return `names the unknown rule "${name}"; the rules are ${RULE_NAMES.join(', ')}.`;
}
