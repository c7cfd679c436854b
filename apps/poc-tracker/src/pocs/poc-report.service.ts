import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { currentPrincipal, type Principal, SessionStatusService } from '@poc-tracker/auth-kit';
import type { AnalyticsResponse } from './analytics.response.js';
import { PocReportRepository } from './poc-report.repository.js';
import { PocRepository } from './poc.repository.js';
import { type PocRow, toPocResponse } from './poc.response.js';
import { PocService } from './poc.service.js';

/** Rows per transaction of the export. */
const EXPORT_PAGE = 500;

/** Analytics and export of all POCs of a tenant. */
@Injectable()
export class PocReportService {
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
   * session ends or the tenant loses the feature.
   */
  export(principal: Principal): Readable {
    return Readable.from(this.lines(principal), { objectMode: false });
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
