import { Injectable, Logger } from '@nestjs/common';
import { type ExceededLimit, RateLimitReporter } from '@poc-tracker/rate-limit';

/** One line per rule in this time, however many requests it refuses. */
const PERIOD_MS = 60_000;

/** Logs which rules refuse requests. Without addresses: the log of requests has them. */
@Injectable()
export class RateLimitLog extends RateLimitReporter {
  private readonly logger = new Logger(RateLimitLog.name);
  /** By rule: the requests since its last line, and when that was. */
  private readonly lines = new Map<string, { loggedAt: number; count: number }>();

  override report({ rule, tenantId, endpoint }: ExceededLimit): void {
    const nowMs = performance.now();
    const line = this.lines.get(rule.name) ?? { loggedAt: -PERIOD_MS, count: 0 };
    line.count += 1;
    this.lines.set(rule.name, line);
    if (nowMs - line.loggedAt < PERIOD_MS) return;
    const effect = rule.shadow ? 'would refuse (shadow mode)' : 'refuses';
    const tenant = tenantId ?? 'no tenant';
    this.logger.warn(
      `The rate limit ${rule.policy} ${effect} requests: ${line.count} since its last line, now ${endpoint} of ${tenant}.`,
    );
    Object.assign(line, { loggedAt: nowMs, count: 0 });
  }
}
