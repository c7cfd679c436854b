import type { EnvironmentReader } from '@poc-tracker/http-service';

/** How many days rows are kept: sessions from their end, the others from their time. */
export interface RetentionSettings {
  sessionsDays: number;
  auditDays: number;
  usageDays: number;
  mailsDays: number;
}

/**
 * The longest six months. Records of access are kept for that long (Marco Civil da Internet, Lei 12.965/2014, art. 15). The
 * database refuses to delete younger rows as well.
 */
const MIN_DAYS = 184;

/** A hundred years, for those who keep everything. */
const MAX_DAYS = 36_500;

/** Mails are no records of access. The limit of a day and late events of mail servers need the last days. */
const MIN_MAILS_DAYS = 7;

export function readRetention(reader: EnvironmentReader): RetentionSettings {
  const read = (variable: string, fallback: number): number =>
    reader.integer(variable, fallback, { min: MIN_DAYS, max: MAX_DAYS });
  return {
    // No longer than necessary: a session has the address of its user.
    sessionsDays: read('RETENTION_SESSIONS_DAYS', MIN_DAYS),
    auditDays: read('RETENTION_AUDIT_DAYS', 730),
    usageDays: read('RETENTION_USAGE_DAYS', 730),
    mailsDays: reader.integer('RETENTION_MAILS_DAYS', 90, { min: MIN_MAILS_DAYS, max: MAX_DAYS }),
  };
}
