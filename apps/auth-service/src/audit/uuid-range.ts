/** Milliseconds by which the time in an id may be off the time of its entry: both are of one clock, asked twice. */
export const ID_SLACK_MS = 1_000;

/** The largest time that fits into the 48 bits of a UUIDv7. */
const MAX_MS = 0xffff_ffff_ffff;

/** The least UUIDv7 of a millisecond (RFC 9562, 5.7): every id made since then is not below it. */
export function uuidAt(milliseconds: number): string {
  const time = Math.min(Math.max(Math.floor(milliseconds), 0), MAX_MS)
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
