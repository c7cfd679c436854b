import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { currentPrincipal, type Principal, SessionStatusService } from '@poc-tracker/auth-kit';
import { boundedStream, Slots } from '@poc-tracker/http-service';
import type { AnalyticsResponse } from './analytics.response.js';
import { PocReportRepository } from './poc-report.repository.js';
import { PocRepository } from './poc.repository.js';
import { type PocRow, toPocResponse } from './poc.response.js';
import { PocService } from './poc.service.js';

/** Rows per transaction of the export. */
const EXPORT_PAGE = 500;

/** Exports at once. Each keeps up to two pages in memory while its client reads. */
const MAX_EXPORTS = { total: 20, each: { user: 2, tenant: 4 }, retryAfter: 30 };

/** Analytics and export of all POCs of a tenant. */
@Injectable()
export class PocReportService {
  private readonly slots = new Slots(MAX_EXPORTS);

  constructor(
    private readonly report: PocReportRepository,
    private readonly repository: PocRepository,
    private readonly pocs: PocService,
    private readonly sessionStatus: SessionStatusService,
  ) {}

  async getAnalytics(): Promise<AnalyticsResponse> {
    return this.report.analytics();
  }

  /**
   * All POCs as newline-delimited JSON. Each page has its own transaction, so that a slow client does not occupy a
   * connection. A POC that changes during the export has the state at the time of its page. The stream fails when the
   * session ends, the tenant loses the feature or the client stops reading.
   * @throws ApiError RATE_LIMIT_EXCEEDED or SERVICE_BUSY while too many exports run.
   */
  export(principal: Principal): Readable {
    const free = this.slots.take({ user: principal.userId, tenant: principal.tenantId });
    return boundedStream(this.lines(principal), free);
  }

  private async *lines(principal: Principal): AsyncGenerator<string> {
    let after: string | null = null;
    for (;;) {
      const from: string | null = after;
      const current = await currentPrincipal(principal, this.sessionStatus, {
        features: ['api_access'],
      });
      const rows: PocRow[] = await this.pocs.asPrincipal(current, () =>
        this.repository.listOldest(from, EXPORT_PAGE),
      );
      if (rows.length > 0)
        yield rows.map((row) => `${JSON.stringify(toPocResponse(row))}\n`).join('');
      if (rows.length < EXPORT_PAGE) return;
      after = rows.at(-1)?.id ?? null;
    }
  }
}
