import type { RateLimit } from './rate-limit.js';

/** Whose attempts a rule counts: an address, an account, all users of a tenant, or a service client. */
export type RuleKind = 'ip' | 'user' | 'tenant' | 'client';

const MINUTE = 60;
const HOUR = 3_600;

/**
 * Every rule of the product with its default. Services that share an environment share the list. A rule of a tenant allows
 * a hundred times what that of a user does, in an hour.
 */
const DEFAULTS = {
  // Where a secret can be guessed or an account is made. One address has one budget for all of these routes.
  'auth:ip': { limit: 10, windowSeconds: 15 * MINUTE },
  'login:user': { limit: 5, windowSeconds: 15 * MINUTE },
  'login:tenant': { limit: 500, windowSeconds: HOUR },
  'register:user': { limit: 3, windowSeconds: HOUR },
  'register:tenant': { limit: 300, windowSeconds: HOUR },
  // Wide by address: a whole office refreshes behind one.
  'refresh:ip': { limit: 3_000, windowSeconds: 5 * MINUTE },
  'refresh:user': { limit: 10, windowSeconds: 5 * MINUTE },
  'refresh:tenant': { limit: 1_000, windowSeconds: HOUR },
  'secrets:user': { limit: 20, windowSeconds: 5 * MINUTE },
  'secrets:tenant': { limit: 2_000, windowSeconds: HOUR },
  // What a stranger can have sent to an address. The mails themselves are limited again, where they are added.
  'mails:user': { limit: 5, windowSeconds: HOUR },
  'mails:tenant': { limit: 500, windowSeconds: HOUR },
  // Volume: against runaway clients, far above what people and their pages need.
  'reads:ip': { limit: 600, windowSeconds: MINUTE },
  'reads:user': { limit: 1_200, windowSeconds: MINUTE },
  'reads:tenant': { limit: 120_000, windowSeconds: HOUR },
  'writes:ip': { limit: 300, windowSeconds: MINUTE },
  'writes:user': { limit: 300, windowSeconds: MINUTE },
  'writes:tenant': { limit: 30_000, windowSeconds: HOUR },
  'uploads:user': { limit: 60, windowSeconds: MINUTE },
  'uploads:tenant': { limit: 6_000, windowSeconds: HOUR },
  'oauth:ip': { limit: 12_000, windowSeconds: MINUTE },
  'oauth:client': { limit: 6_000, windowSeconds: MINUTE },
} as const satisfies Readonly<Record<`${string}:${RuleKind}`, RateLimit>>;

export type RuleName = keyof typeof DEFAULTS;

export const DEFAULT_RULES: Readonly<Record<RuleName, RateLimit>> = DEFAULTS;

export const RULE_NAMES = Object.keys(DEFAULTS) as RuleName[];

/** The rules of a group of routes. */
const GROUPS = {
  login: ['auth:ip', 'login:user', 'login:tenant'],
  register: ['auth:ip', 'register:user', 'register:tenant'],
  /** The new tenant has neither users nor limits yet. */
  signup: ['auth:ip'],
  refresh: ['refresh:ip', 'refresh:user', 'refresh:tenant'],
  /** Activation of operators: a secret is presented without a session. */
  activation: ['auth:ip', 'secrets:user', 'secrets:tenant'],
  /** Asks for a mail with a link or a code. */
  mails: ['auth:ip', 'mails:user', 'mails:tenant'],
  /** A user who is logged in presents a secret. */
  secrets: ['secrets:user', 'secrets:tenant'],
  reads: ['reads:user', 'reads:tenant'],
  writes: ['writes:user', 'writes:tenant'],
  publicReads: ['reads:ip'],
  publicWrites: ['writes:ip'],
  uploads: ['uploads:user', 'uploads:tenant'],
  oauth: ['oauth:ip', 'oauth:client'],
} as const satisfies Readonly<Record<string, readonly RuleName[]>>;

export type RouteGroup = keyof typeof GROUPS;

export const ROUTE_GROUPS: Readonly<Record<RouteGroup, readonly RuleName[]>> = GROUPS;

export function isRuleName(name: string): name is RuleName {
  return Object.hasOwn(DEFAULTS, name);
}

export function kindOf(rule: RuleName): RuleKind {
  return rule.slice(rule.indexOf(':') + 1) as RuleKind;
}
