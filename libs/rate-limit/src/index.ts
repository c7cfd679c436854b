// The module, and what it provides.
export { type RateLimitHitCount, RateLimitHits } from './rate-limit-hits.js';
export { RateLimitModule, type RateLimitOptions } from './rate-limit.module.js';
export { RateLimitStorage } from './rate-limit.storage.js';

// request: the guards, and what the application tells them.
export { RateLimitGuard } from './request/rate-limit.guard.js';
export { type ExceededLimit, RateLimitReporter } from './request/rate-limit.reporter.js';
export {
  type NamedSource,
  RateLimitSubjects,
  type Subjects,
} from './request/rate-limit-subjects.js';
export { RefusedRequestGuard } from './request/refused-request.guard.js';
export { RefusedRequests } from './request/refused-requests.js';

// rules: the limits, their settings and the decorators of routes.
export { RATE_LIMIT_FORMAT } from './rules/rate-limit.js';
export { RateLimitPolicy } from './rules/rate-limit-policy.js';
export { type RateLimitSettings, readRateLimits } from './rules/rate-limit-settings.js';
export { RateLimited, Unlimited } from './rules/route-group.decorator.js';
export { RULE_NAMES, type RouteGroup, type RuleName } from './rules/rule-catalogue.js';
