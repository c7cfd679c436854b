/** Maximum difference in milliseconds between the time in an id and the time of its entry: the clock is read twice. */
export const ID_SLACK_MS = 1_000;

/** The latest time that fits into the 48 bits of a UUIDv7. */
const MAX_MS = 0xffff_ffff_ffff;

/** The lowest UUIDv7 of a millisecond (RFC 9562, 5.7): ids that are generated later are never lower. */
export function uuidAt(milliseconds: number): string {
  const time = Math.min(Math.max(Math.floor(milliseconds), 0), MAX_MS)
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
