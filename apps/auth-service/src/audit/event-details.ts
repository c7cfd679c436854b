/** Fields with such a name are left out, whatever they hold: the trigger of audit_log goes by the same words. */
const SECRET_NAME = /password|secret|token|nonce|hash/i;

/** Characters of JSON that one entry may take: a trail is no place for documents. */
const MAX_LENGTH = 8_192;

/**
 * Details as JSON that PostgreSQL takes whatever a client has put into them: without secrets, and without the
 * characters that jsonb refuses (NUL and halves of a surrogate pair). What is too long is replaced by its length.
 */
export function presentableDetails(details: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(details, (key, value: unknown) => {
    if (key !== '' && SECRET_NAME.test(key)) return undefined;
    if (isRecord(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [storable(name), inner]),
      );
    }
    return typeof value === 'string' ? storable(value) : value;
  });
  return text.length <= MAX_LENGTH ? text : JSON.stringify({ omittedCharacters: text.length });
}

function storable(text: string): string {
  return text.replace(/\p{Surrogate}|\0/gu, '\u{fffd}');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
