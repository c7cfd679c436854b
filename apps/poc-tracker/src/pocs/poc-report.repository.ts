import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type {
  AnalyticsResponse,
  AuthorStorage,
  StatusCount,
  WeekCount,
} from './analytics.response.js';

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

/** Counts of the POCs of the current transaction's tenant; row-level security hides those of any other. */
@Injectable()
export class PocReportRepository {
  constructor(private readonly database: TenantDatabase) {}

  async analytics(): Promise<AnalyticsResponse> {
    return {
      byStatus: await this.database.query<StatusCount>(BY_STATUS),
      byWeek: await this.database.query<WeekCount>(BY_WEEK),
      storageByAuthor: await this.database.query<AuthorStorage>(BY_AUTHOR),
    };
  }
}
