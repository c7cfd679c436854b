import { randomIntegers } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { parseJson } from './json-body.js';
import { MAX_JSON_DEPTH, MAX_JSON_ENTRIES } from './json-structure.js';

/** The fault of a text; undefined if it is accepted. */
function faultOf(text: string): object | undefined {
  try {
    parseJson(text);
    return undefined;
  } catch (error) {
    return (error as { details: object[] }).details[0];
  }
}

const REPEATED = 'must not be repeated';
const MALFORMED = { field: 'body', message: 'must be well-formed JSON' };

describe('A JSON body', () => {
  it.each([
    ['{"email":"a","email":"b"}', 'email'],
    ['{"email":"a","email":"a"}', 'email'],
    ['{"email":"a","\\u0065mail":"b"}', 'email'],
    ['{"email" :"a", "x":1,\n"email"\t\r\n : null}', 'email'],
    ['{"a":{"b":[{"c":1},{"c":1,"d":[],"c":2}]}}', 'a.b.1.c'],
    ['[[0,{"x":1,"x":2}]]', '0.1.x'],
    ['{"a\\"b":1,"a\\u0022b":2}', 'a"b'],
    ['{"\\\\":1,"\\\\":2}', '\\'],
    ['{"":1,"":2}', 'body'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"\u00e9":1,"\\u00e9":2}', '\u00e9'],
    ['{"\\ud83d\\ude00":1,"\u{1f600}":2}', '\u{1f600}'],
    ['{"a":{"z":{}},"b":1,"a":2}', 'a'],
    [`{"${'n'.repeat(9_000)}":1,"${'n'.repeat(9_000)}":2}`, 'n'.repeat(200)],
  ])('is refused if it repeats a name: %.50s', (text, field) => {
    expect(faultOf(text)).toEqual({ field, message: REPEATED });
  });

  it.each([
    '{"a":1,"A":2}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"a"}',
    '{"a":"\\"a\\":","b":["a","a"]}',
    '{"a":1,"a ":2,"\u00e9":3,"e\u0301":4}',
    '{"a":{"b":1},"b":{"a":1}}',
    '"a"',
    '7',
  ])('is accepted if it does not: %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '{"\\x":1}',
    '{"\\u12":1,"a":2}',
    '{"a":1,}',
    '{"a"',
    '"',
    '{"a\\',
    '\ufeff{}',
    '{a:1}',
    ']',
  ])('is refused as malformed: %j', (text) => {
    expect(faultOf(text)).toEqual(MALFORMED);
  });

  it('has at most 20 levels', () => {
    const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const objects = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
    for (const nested of [lists, objects]) {
      expect(faultOf(nested(MAX_JSON_DEPTH))).toBeUndefined();
      for (const levels of [MAX_JSON_DEPTH + 1, 5_000])
        expect(faultOf(nested(levels))).toMatchObject({
          message: 'must not be nested deeper than 20 levels',
        });
    }
    expect(faultOf(`[${'[1],'.repeat(100)}1]`)).toBeUndefined();
  });

  it('has at most 500 fields and elements', () => {
    const list = (size: number) => JSON.stringify(Array(size).fill(0));
    const object = (size: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: size }, (_, at) => [`f${at}`, at])));
    const empty = (size: number) => `[${Array(size).fill('{}').join(',')}]`;
    for (const text of [list(500), object(500), `{"a":${list(499)}}`, empty(250)])
      expect(faultOf(text)).toBeUndefined();
    const fault = { field: 'body', message: 'must not have more than 500 fields and elements' };
    for (const text of [list(501), object(501), `{"a":${list(500)}}`, empty(251), empty(21_000)])
      expect(faultOf(text)).toEqual(fault);
    expect(faultOf(JSON.stringify(','.repeat(9_000) + '{['.repeat(9_000)))).toBeUndefined();
  });

  it('takes time that grows with its length only', () => {
    const hostile = ['"', '\\', '"\\', '{"":', '{"\\u0061":1,', '" ', '"a":', '[', ',', '"a"   '];
    const start = performance.now();
    for (const part of hostile) faultOf(part.repeat(2_000_000 / part.length));
    // Quadratic time would be minutes.
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

const NAMES = ['a', 'b', '\\u0061', '\\"', '"', 'é', '', '__proto__', '\\\\', '{', ',', ':'];
const SCALARS = ['1', '-0.5e3', 'true', 'null', '"x"', '"\\"a\\":"', '"[{,"', '"\\\\"', '[]', '{}'];

function randomJson(next: (limit: number) => number, depth: number): string {
  const kind = next(depth > 24 ? 1 : 4);
  const space = () => [' ', '', '', '\n\t'][next(4)] ?? '';
  const size = next(4);
  if (kind === 0) return SCALARS[next(SCALARS.length)] ?? '';
  const parts = Array.from({ length: kind === 3 ? 1 : size }, () => {
    const value = space() + randomJson(next, depth + 1) + space();
    return kind === 1 ? `${space()}"${NAMES[next(NAMES.length)]}"${space()}:${value}` : value;
  });
  return kind === 1 ? `{${parts.join(',')}}` : `[${parts.join(',')}]`;
}

/** What JSON.parse makes of a text, and what counts in it, found in another way. */
function measure(text: string): {
  value: unknown;
  repeats: boolean;
  depth: number;
  entries: number;
} {
  const value: unknown = JSON.parse(text);
  const tokens = text.match(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[[\]{},]/gs) ?? [];
  const shape = tokens.filter((token) => token.length === 1);
  let depth = 0;
  let level = 0;
  for (const token of shape) {
    if ('[{'.includes(token)) depth = Math.max(depth, (level += 1));
    else if (token !== ',') level -= 1;
  }
  let names = 0;
  JSON.stringify(value, (_name: string, nested: unknown) => {
    if (typeof nested === 'object' && nested !== null && !Array.isArray(nested))
      names += Object.keys(nested).length;
    return nested;
  });
  const written = tokens.filter((token) => token.endsWith(':')).length;
  const entries = shape.filter((token) => '[{,'.includes(token)).length;
  return { value, repeats: written > names, depth, entries };
}

describe('Random JSON', () => {
  it('is parsed as by JSON.parse, or refused for what it is refused for', () => {
    const next = randomIntegers(20_261_129);
    const seen = new Map<string, number>();
    for (let run = 0; run < 20_000; run += 1) {
      let text = randomJson(next, 0);
      if (run % 3 === 0) {
        // A malformed text in most cases.
        const at = next(text.length + 1);
        text = text.slice(0, at) + '"\\,:{}[]a1 '.charAt(next(11)) + text.slice(at + next(3));
      }
      const fault = faultOf(text);
      let truth: ReturnType<typeof measure> | undefined;
      try {
        truth = measure(text);
      } catch {
        expect(fault, text).toBeDefined();
      }
      if (truth !== undefined) {
        const { value, repeats, depth, entries } = truth;
        const isFaulty = repeats || depth > MAX_JSON_DEPTH || entries > MAX_JSON_ENTRIES;
        expect(fault !== undefined, text).toBe(isFaulty);
        if (!isFaulty && text !== '') expect(parseJson(text)).toEqual(value);
      }
      const kind = `${truth === undefined ? 'malformed' : 'valid'} ${fault === undefined}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    expect(seen.get('valid true')).toBeGreaterThan(3_000);
    expect(seen.get('valid false')).toBeGreaterThan(300);
    expect(seen.get('malformed false')).toBeGreaterThan(2_000);
  });
});
