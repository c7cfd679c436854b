import { randomBytes } from 'node:crypto';

type Seeded = { sql(text: string, params: unknown[]): Promise<unknown> };

export interface FormerLogins {
  tenantId: string;
  userId: string;
  /** How long ago each was, in hours. */
  hoursAgo: readonly number[];
  ipAddress?: string;
  userAgent?: string;
  deviceId?: string;
}

/** Inserts sessions that were opened in the past, past every policy. */
export async function insertFormerLogins(db: Seeded, logins: FormerLogins): Promise<void> {
  const { tenantId, userId, hoursAgo, ipAddress, userAgent, deviceId } = logins;
  for (const hours of hoursAgo) {
    await db.sql(
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, ip_address, user_agent, opened_from,
                                  opened_with, device_info, created_at, last_used_at, expires_at)
       SELECT $1, $2, $3, $4, $5, $6, $5, $6, $7, t.opened, t.opened, t.opened + interval '1 day'
         FROM (SELECT clock_timestamp() - $8::float8 * interval '1 hour' AS opened) t`,
      [
        tenantId,
        userId,
        randomBytes(32),
        randomBytes(32),
        ipAddress ?? null,
        userAgent ?? null,
        JSON.stringify({ deviceId }),
        hours,
      ],
    );
  }
}

/** Once a day for so many days, this many hours before or after the current time of day. */
export function daily(days: number, shiftHours = 0): number[] {
  return Array.from({ length: days }, (_, day) => (day + 1) * 24 + shiftHours);
}
