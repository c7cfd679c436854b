export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Far above what a request may nest. Without a limit, the stack would decide, and code that is compiled has room for twice as
 * many levels: the service would hash an entry that `audit verify` cannot.
 */
const MAX_LEVELS = 1_000;

/**
 * The canonical text of a JSON value (RFC 8785, JSON Canonicalization Scheme): no white space, members sorted by the
 * UTF-16 code units of their names, numbers and strings in the format of ECMAScript. Numbers are doubles. PostgreSQL can
 * store larger numbers; they are read as infinite and become null, here as in an export.
 * @throws RangeError for a value with more than 1,000 levels.
 */
export function canonicalJson(value: Json): string {
  return textOf(value, MAX_LEVELS);
}

function textOf(value: Json, levels: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (levels === 0) throw new RangeError(`JSON has more than ${MAX_LEVELS} levels.`);
  if (isList(value)) return `[${value.map((item) => textOf(item, levels - 1)).join(',')}]`;
  const members = Object.keys(value)
    // Without a comparison function strings are sorted by their code units, as the standard requires.
    .sort()
    .map((name) => `${JSON.stringify(name)}:${textOf(value[name] ?? null, levels - 1)}`);
  return `{${members.join(',')}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
