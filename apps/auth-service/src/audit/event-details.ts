/** Fields with such a name are left out. The trigger of audit_log uses the same words. */
const SECRET_NAME = /password|secret|token|nonce|hash/i;

/** Characters of JSON per entry, so that one event cannot store a document. */
const MAX_LENGTH = 8_192;

/** Names the fields that were cut. */
const TRUNCATED = 'truncated';

/**
 * Serializes details to JSON that PostgreSQL accepts whatever a client has sent: without secrets, and without the
 * characters that jsonb rejects (NUL and lone surrogates). If the details are too long, the longest fields are cut and
 * named in `truncated`; all other fields stay complete.
 */
export function sanitizeDetails(details: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(details, (key, value: unknown) => {
    if (key !== '' && SECRET_NAME.test(key)) return undefined;
    if (isRecord(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [replaceUnstorable(name), inner]),
      );
    }
    return typeof value === 'string' ? replaceUnstorable(value) : value;
  });
  if (text.length <= MAX_LENGTH) return text;
  const { kept, cut } = fitFields(JSON.parse(text) as Record<string, unknown>, MAX_LENGTH);
  return JSON.stringify({ ...kept, [TRUNCATED]: cut });
}

/** Shares the length among the fields: what a short field does not need is left to the longer ones. */
function fitFields(
  fields: Record<string, unknown>,
  maxLength: number,
): { kept: Record<string, unknown>; cut: string[] } {
  const kept = new Map<string, unknown>();
  const cut: string[] = [];
  let left = maxLength;
  const byLength = Object.entries(fields)
    .map(([name, value]) => ({ name, value, length: lengthOf({ [name]: value }) }))
    .sort((one, other) => one.length - other.length);
  for (const [index, { name, value, length }] of byLength.entries()) {
    const share = Math.floor(left / (byLength.length - index));
    if (length > share) cut.push(name);
    const fitting = length > share ? cutTo(value, share - lengthOf({ [name]: '' })) : value;
    if (fitting === undefined) continue;
    kept.set(name, fitting);
    left -= lengthOf({ [name]: fitting });
  }
  const inOrder = Object.keys(fields).filter((name) => kept.has(name));
  return { kept: Object.fromEntries(inOrder.map((name) => [name, kept.get(name)])), cut };
}

/** The beginning of a text or a list, or the fields of an object that fit; undefined if nothing does. */
function cutTo(value: unknown, maxLength: number): unknown {
  if (maxLength <= 0) return undefined;
  // Escaped characters are longer in JSON, hence the repeated halving.
  if (typeof value === 'string') {
    let text = value.slice(0, maxLength);
    while (lengthOf(text) > maxLength + '""'.length) text = text.slice(0, text.length / 2);
    return replaceUnstorable(text);
  }
  if (Array.isArray(value)) {
    let length = '[]'.length;
    const end = value.findIndex((item) => (length += lengthOf(item) + ','.length) > maxLength);
    return end < 0 ? value : value.slice(0, end);
  }
  return isRecord(value) ? fitFields(value, maxLength).kept : undefined;
}

function lengthOf(value: unknown): number {
  return JSON.stringify(value).length;
}

function replaceUnstorable(text: string): string {
  return text.replace(/\p{Surrogate}|\0/gu, '\u{fffd}');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
