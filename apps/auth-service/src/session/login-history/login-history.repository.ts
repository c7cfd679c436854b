import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { RECENT_MS } from '../../protection/risk/risk-score.js';

/** Bounds the query for a user who logs in all day. */
const MAX_LOGINS = 50;

/** Older habits are no longer the user's. A device cookie is valid for as long. */
const MAX_AGE_DAYS = 90;

/**
 * One row, also for a user without a session. Times are milliseconds since 1970. The user is that of the transaction, which the
 * policy of the table would widen for a user who may see others.
 */
export const FIND_HISTORY = `
  SELECT clock_timestamp() AS now,
         ARRAY(SELECT host(f) FROM failed_login_addresses(now() - $2 * interval '1 millisecond') f) AS "failedFrom",
         (SELECT coalesce(jsonb_agg(s), '[]')
            FROM (SELECT extract(epoch FROM created_at) * 1000 AS at, extract(epoch FROM last_used_at) * 1000 AS "lastUsedAt",
                         host(opened_from) AS "ipAddress", opened_with AS "userAgent",
                         host(ip_address) AS "lastUsedFrom", device_info ->> 'deviceId' AS "deviceId"
                    FROM user_sessions
                   WHERE user_id = $1 AND created_at > now() - $3 * interval '1 day'
                   ORDER BY created_at DESC LIMIT $4) s) AS logins`;

/** The parameters of the statement. */
export function historyParameters(userId: string): unknown[] {
  return [userId, RECENT_MS, MAX_AGE_DAYS, MAX_LOGINS];
}

export interface StoredHistory {
  /** The time of PostgreSQL. */
  now: Date;
  failedFrom: string[];
  /** Newest first. */
  logins: StoredLogin[];
}

/** A session of the user, whether or not it has ended. */
export interface StoredLogin {
  at: number;
  lastUsedAt: number;
  ipAddress: string | null;
  userAgent: string | null;
  lastUsedFrom: string | null;
  deviceId: string | null;
}

/** What the rows of the current transaction's user say about former log-ins. */
@Injectable()
export class LoginHistoryRepository {
  constructor(private readonly database: TenantDatabase) {}

  async find(userId: string): Promise<StoredHistory> {
    const [history] = await this.database.query<StoredHistory>(
      FIND_HISTORY,
      historyParameters(userId),
    );
    if (history === undefined) throw new Error('The query returned no row.');
    return history;
  }
}
