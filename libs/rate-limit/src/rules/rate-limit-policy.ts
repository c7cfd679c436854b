import { type RateLimitOverrides, NO_OVERRIDES } from '@poc-tracker/contracts';
import { formatRateLimit, parseRateLimit, type RateLimit, type RuleValue } from './rate-limit.js';
import type { RateLimitSettings } from './rate-limit-settings.js';
import {
  kindOf,
  ROUTE_GROUPS,
  type RouteGroup,
  type RuleKind,
  type RuleName,
} from './rule-catalogue.js';

/** A rule as it applies to a request. */
export interface ActiveRule extends RateLimit {
  readonly name: RuleName;
  readonly kind: RuleKind;
  readonly shadow: boolean;
  /** True for a limit by address that is set for the tenant: it counts the attempts of an address in this tenant alone. */
  readonly perTenant: boolean;
  /** The item of the RateLimit-Policy field (draft-ietf-httpapi-ratelimit-headers). */
  readonly policy: string;
}

type ActiveRules = ReadonlyMap<RouteGroup, readonly ActiveRule[]>;

/** The rules that apply to a request: those of the settings, with the overrides of its tenant. */
export class RateLimitPolicy {
  /** By the object that holds a tenant's overrides, which lives as long as the tenant is cached. */
  private readonly cache = new WeakMap<RateLimitOverrides, ActiveRules>();

  constructor(private readonly settings: RateLimitSettings) {}

  rulesOf(group: RouteGroup, overrides: RateLimitOverrides = NO_OVERRIDES): readonly ActiveRule[] {
    let rules = this.cache.get(overrides);
    if (rules === undefined) {
      rules = this.resolve(overrides);
      this.cache.set(overrides, rules);
    }
    return rules.get(group) ?? [];
  }

  /** The limit of one rule, as it is written, and whether it is in shadow mode. */
  describe(
    name: RuleName,
    overrides: RateLimitOverrides = NO_OVERRIDES,
  ): { value: string; shadow: boolean } {
    return {
      value: formatRateLimit(this.valueOf(name, overrides)),
      shadow: this.isShadowed(name, overrides),
    };
  }

  private resolve(overrides: RateLimitOverrides): ActiveRules {
    const groups = Object.entries(ROUTE_GROUPS) as [RouteGroup, readonly RuleName[]][];
    return new Map(
      groups.map(([group, names]) => [
        group,
        names.flatMap((name) => this.activeRule(name, overrides) ?? []),
      ]),
    );
  }

  private activeRule(name: RuleName, overrides: RateLimitOverrides): ActiveRule | undefined {
    const value = this.valueOf(name, overrides);
    if (value === 'off') return undefined;
    const { limit, windowSeconds } = value;
    return {
      name,
      kind: kindOf(name),
      perTenant: kindOf(name) === 'ip' && isOverridden(name, overrides),
      limit,
      windowSeconds,
      shadow: this.isShadowed(name, overrides),
      policy: `"${name}";q=${limit};w=${windowSeconds}`,
    };
  }

  /** A stored text that is no limit gives way to the settings. */
  private valueOf(name: RuleName, { rules }: RateLimitOverrides): RuleValue {
    return parseRateLimit(rules[name] ?? '') ?? this.settings.rules[name];
  }

  private isShadowed(name: RuleName, { shadow }: RateLimitOverrides): boolean {
    return this.settings.shadow.includes(name) || shadow.includes(name);
  }
}

function isOverridden(name: RuleName, { rules }: RateLimitOverrides): boolean {
  return parseRateLimit(rules[name] ?? '') !== undefined;
}
