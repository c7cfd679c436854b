import { Injectable, Logger } from '@nestjs/common';
import { LineLimit } from '@poc-tracker/http-service';
import { type ExceededLimit, RateLimitReporter } from '@poc-tracker/rate-limit';

/** Logs which rules refuse requests, once a minute for each rule. Without addresses: the log of requests has them. */
@Injectable()
export class RateLimitLog extends RateLimitReporter {
  private readonly logger = new Logger(RateLimitLog.name);
  private readonly lines = new LineLimit();

  override report({ rule, tenantId, endpoint }: ExceededLimit): void {
    const count = this.lines.count(rule.name);
    if (count === undefined) return;
    const effect = rule.shadow ? 'would refuse (shadow mode)' : 'refuses';
    const tenant = tenantId ?? 'no tenant';
    this.logger.warn(
      `The rate limit ${rule.policy} ${effect} requests: ${count} since its last line, now ${endpoint} of ${tenant}.`,
    );
  }
}
