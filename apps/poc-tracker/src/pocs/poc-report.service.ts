import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { currentPrincipal, type Principal, SessionStatusService } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type {
  AnalyticsResponse,
  AuthorStorage,
  StatusCount,
  WeekCount,
} from './analytics.response.js';
import { PocRepository } from './poc.repository.js';
import { type PocRow, toPocResponse } from './poc.response.js';
import { PocService } from './poc.service.js';

/** Rows per transaction of the export. */
const EXPORT_PAGE = 500;

const BY_STATUS = 'SELECT status, count(*)::int AS count FROM pocs GROUP BY status ORDER BY status';

const BY_WEEK = `
  SELECT to_char(date_trunc('week', created_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD') AS week, status,
         count(*)::int AS count
    FROM pocs WHERE created_at >= now() - interval '12 weeks'
   GROUP BY 1, 2 ORDER BY 1, 2`;

/** float8 is exact here: the storage limit of a tenant is far below 2^53 bytes. */
const BY_AUTHOR = `
  SELECT created_by AS "authorId", count(*)::int AS files, sum(file_size)::float8 AS bytes
    FROM poc_files WHERE uploaded_at IS NOT NULL
   GROUP BY created_by ORDER BY bytes DESC, created_by LIMIT 100`;

/** Analytics and export of all POCs of a tenant. */
@Injectable()
export class PocReportService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: PocRepository,
    private readonly pocs: PocService,
    private readonly sessionStatus: SessionStatusService,
  ) {}

  async getAnalytics(): Promise<AnalyticsResponse> {
    return {
      byStatus: await this.database.query<StatusCount>(BY_STATUS),
      byWeek: await this.database.query<WeekCount>(BY_WEEK),
      storageByAuthor: await this.database.query<AuthorStorage>(BY_AUTHOR),
    };
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
