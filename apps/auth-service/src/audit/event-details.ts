/** Fields with such a name are left out. The trigger of audit_log uses the same words. */
const SECRET_NAME = /password|secret|token|nonce|hash/i;

/** Characters of JSON per entry, so that one event cannot store a document. */
const MAX_LENGTH = 8_192;

/**
 * Serializes details to JSON that PostgreSQL accepts whatever a client has sent: without secrets, and without the
 * characters that jsonb rejects (NUL and lone surrogates). Details that are too long are replaced by their length.
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
  return text.length <= MAX_LENGTH ? text : JSON.stringify({ omittedCharacters: text.length });
}

function replaceUnstorable(text: string): string {
  return text.replace(/\p{Surrogate}|\0/gu, '\u{fffd}');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
