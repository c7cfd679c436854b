import type { FieldError } from '@poc-tracker/contracts';
import { describePath } from '../fields/field-path.js';

/** Levels of nesting of a body. The requests of the API have at most four. */
export const MAX_JSON_DEPTH = 20;

/**
 * Fields and elements of a body in all. The largest valid request has 355: all settings. Validation takes about 10 µs for
 * each, during which no other request is served: for 20,000 of them, that was a quarter of a second.
 */
export const MAX_JSON_ENTRIES = 500;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** An object or a list that is not closed yet. */
interface Container {
  /** The names in an object so far; undefined for a list. */
  names: Set<string> | undefined;
  /** The name of the current field, or the index of the current element. */
  position: string | number;
}

/**
 * The first fault in the structure of a JSON text: a repeated name, of which one parser uses the first value and another one
 * the last (RFC 8259, 4; RFC 7493, 2.3), too many levels, or too many fields and elements. An empty object or list counts as
 * one. It reads the text once and creates nothing from its values.
 *
 * The syntax is left to JSON.parse: a malformed text may have a fault here or none.
 * @throws SyntaxError for a name with a malformed escape.
 */
export function findStructureFault(text: string): FieldError | undefined {
  const open: Container[] = [];
  let entries = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isName(text, end) && isRepeated(open.at(-1), text.slice(at, end + 1)))
        return { field: pathOf(open), message: 'must not be repeated' };
      at = end;
    } else if (code === COMMA || code === OPEN_OBJECT || code === OPEN_LIST) {
      entries += 1;
      if (entries > MAX_JSON_ENTRIES) {
        const message = `must not have more than ${MAX_JSON_ENTRIES} fields and elements`;
        return { field: 'body', message };
      }
      if (code === COMMA) countElement(open.at(-1));
      else if (open.length < MAX_JSON_DEPTH) open.push(createContainer(code));
      else return { field: pathOf(open), message: TOO_DEEP };
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) open.pop();
  }
  return undefined;
}

const TOO_DEEP = `must not be nested deeper than ${MAX_JSON_DEPTH} levels`;

/** The place of the quotation mark that ends a string, or the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) break;
    if (code === BACKSLASH) at += 1;
  }
  return at;
}

/** True if a colon follows the string that ends here. */
function isName(text: string, end: number): boolean {
  let at = end + 1;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return text.charCodeAt(at) === COLON;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Enters a name into its object; true if it has it already. `"a"` and `"\u0061"` are one name. */
function isRepeated(container: Container | undefined, quoted: string): boolean {
  if (container?.names === undefined) return false;
  const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  container.position = name;
  const count = container.names.size;
  return container.names.add(name).size === count;
}

function countElement(container: Container | undefined): void {
  if (typeof container?.position === 'number') container.position += 1;
}

function createContainer(code: number): Container {
  return code === OPEN_LIST
    ? { names: undefined, position: 0 }
    : { names: new Set(), position: '' };
}

function pathOf(open: readonly Container[]): string {
  return describePath(
    open.map(({ position }) => String(position)),
    'body',
  );
}
