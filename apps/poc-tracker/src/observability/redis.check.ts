import { Injectable } from '@nestjs/common';
import type { HealthCheck } from '@poc-tracker/http-service';
import { RateLimitStorage } from '@poc-tracker/rate-limit';

/** Checks that limits are shared with the other instances. Without a REDIS_URL, the process counts for itself, which is healthy. */
@Injectable()
export class RedisCheck implements HealthCheck<'redis'> {
  readonly name = 'redis';
  readonly critical = false;

  constructor(private readonly limits: RateLimitStorage) {}

  async probe(): Promise<Record<string, unknown>> {
    await this.limits.assertShared();
    return {};
  }
}
