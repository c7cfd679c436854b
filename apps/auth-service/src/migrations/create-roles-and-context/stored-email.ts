/**
 * What holds for every email address in its stored form, which checkEmail of libs/text computes. The database has no
 * second implementation: it refuses an address that did not go through that function.
 */
export const isStoredEmail = (column: string): string =>
  `${column} = lower(${column}) AND ${column} IS NFKC NORMALIZED AND octet_length(${column}) <= 254
      AND ${column} ~ '^[^@[:space:]]+@[a-z0-9.-]+$'`;
