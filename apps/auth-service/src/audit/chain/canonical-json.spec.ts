import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from './canonical-json.js';

describe('canonicalJson', () => {
  it('does not depend on the order of the members', () => {
    const value: Json = { b: [1, { d: null, c: true }], a: 'x' };
    const other: Json = { a: 'x', b: [1, { c: true, d: null }] };
    expect(canonicalJson(value)).toBe('{"a":"x","b":[1,{"c":true,"d":null}]}');
    expect(canonicalJson(other)).toBe(canonicalJson(value));
  });

  it('sorts names by UTF-16 code units, as RFC 8785 requires', () => {
    const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6 };
    const order = Object.keys(JSON.parse(canonicalJson(names)) as object);
    expect(order.map((name) => names[name as keyof typeof names])).toEqual([4, 2, 6, 1, 5, 3]);
  });

  it.each([
    [1e21, '1e+21'],
    [333333333.3333333, '333333333.3333333'],
    [-0, '0'],
    [4.5, '4.5'],
    [2e-3, '0.002'],
    ['\u20ac$\u000f\n"\\/', '"\u20ac$\\u000f\\n\\"\\\\/"'],
  ])('formats %j as ECMAScript does', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it('refuses more than 1,000 levels, however much stack is left', () => {
    const nested = (levels: number): Json =>
      JSON.parse(`${'['.repeat(levels)}1${']'.repeat(levels)}`) as Json;
    expect(canonicalJson(nested(1_000))).toHaveLength(2_001);
    expect(() => canonicalJson(nested(1_001))).toThrow('JSON has more than 1000 levels.');
  });

  it('returns different texts for similar values', () => {
    const alike: Json[] = [null, 'null', 0, '0', [], {}, [[]], '', false];
    expect(new Set(alike.map(canonicalJson)).size).toBe(alike.length);
  });
});
