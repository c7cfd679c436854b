import { type DynamicModule, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import type { SharedRedis } from '@poc-tracker/redis';
import { RateLimitHits } from './rate-limit-hits.js';
import { RateLimitStorage } from './rate-limit.storage.js';
import { RateLimitSubjects } from './request/rate-limit-subjects.js';
import { RateLimitGuard } from './request/rate-limit.guard.js';
import { RateLimitReporter } from './request/rate-limit.reporter.js';
import { RefusedRequestGuard } from './request/refused-request.guard.js';
import { RefusedRequests } from './request/refused-requests.js';
import { RouteGroupReader } from './request/route-group.reader.js';
import { RateLimitPolicy } from './rules/rate-limit-policy.js';
import type { RateLimitSettings } from './rules/rate-limit-settings.js';
import { RULE_NAMES } from './rules/rule-catalogue.js';

export interface RateLimitOptions {
  readonly limits: RateLimitSettings;
  /** Without it, the process counts for itself. */
  readonly redis: SharedRedis | undefined;
  /** What the classes below need. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  readonly subjects: Type<RateLimitSubjects>;
  readonly reporter: Type<RateLimitReporter>;
}

/** Rate limits. The application lists the two guards: RefusedRequestGuard first, RateLimitGuard before the PolicyGuard. */
@Module({})
export class RateLimitModule {
  static forRoot(options: RateLimitOptions): DynamicModule {
    const { limits, redis, imports, subjects, reporter } = options;
    const storage = new RateLimitStorage(redis);
    return {
      module: RateLimitModule,
      global: true,
      imports: [...imports, ThrottlerModule.forRoot({ throttlers: throttlersOf(limits), storage })],
      providers: [
        { provide: RateLimitStorage, useValue: storage },
        { provide: RateLimitPolicy, useValue: new RateLimitPolicy(limits) },
        { provide: RefusedRequests, useFactory: () => new RefusedRequests() },
        { provide: RateLimitSubjects, useClass: subjects },
        { provide: RateLimitReporter, useClass: reporter },
        RateLimitHits,
        RouteGroupReader,
        RefusedRequestGuard,
        RateLimitGuard,
      ],
      exports: [
        RateLimitGuard,
        RateLimitHits,
        RateLimitPolicy,
        RateLimitStorage,
        RateLimitSubjects,
        RefusedRequestGuard,
        RefusedRequests,
      ],
    };
  }
}

function throttlersOf({
  rules,
}: RateLimitSettings): { name: string; ttl: number; limit: number }[] {
  return RULE_NAMES.flatMap((name) => {
    const rule = rules[name];
    return rule === 'off' ? [] : [{ name, ttl: rule.windowSeconds * 1_000, limit: rule.limit }];
  });
}
