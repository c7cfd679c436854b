/** Characters of a field's path in an error, because the client chooses the names. */
const MAX_PATH_LENGTH = 200;

/**
 * The dotted path of a field for an error, without characters that a log cannot contain.
 * @param root the name of the whole input, for a path without a name.
 */
export function describePath(names: readonly string[], root: string): string {
  const path = names
    .join('.')
    .slice(0, MAX_PATH_LENGTH)
    .replace(/[\0\p{Surrogate}]/gu, '\u{FFFD}');
  return path === '' ? root : path;
}
