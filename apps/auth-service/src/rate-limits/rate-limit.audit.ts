import { Injectable, Logger } from '@nestjs/common';
import { type ExceededLimit, RateLimitReporter } from '@poc-tracker/rate-limit';
import { clientOf, runOutsideRequest } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../audit/security-events.js';

/** Records exceeded limits in the audit log of the tenant: one entry a minute for each rule and source. */
@Injectable()
export class RateLimitAudit extends RateLimitReporter {
  private readonly logger = new Logger(RateLimitAudit.name);

  constructor(private readonly events: SecurityEvents) {
    super();
  }

  /** A request without a tenant has no audit log; the metric counts it. */
  override report({ rule, source, tenantId, endpoint, request }: ExceededLimit): void {
    if (tenantId === undefined) return;
    const actorId = request.principal?.userId ?? null;
    const event = {
      type: 'rate_limit.exceeded',
      result: rule.shadow ? 'success' : 'failure',
      target: { type: 'route', id: endpoint },
      details: {
        rule: rule.name,
        limit: rule.limit,
        window: rule.windowSeconds,
        shadow: rule.shadow,
      },
    } as const;
    const origin = { requestId: request.id, client: clientOf(request), actorId };
    const repeated = { tenantId, event, origin, source: `${rule.name} ${source}`, rows: 1 };
    runOutsideRequest(() => this.events.recordRepeated(repeated)).catch((error: unknown) => {
      this.logger.warn(`An exceeded rate limit was not recorded: ${String(error)}`);
    });
  }
}
