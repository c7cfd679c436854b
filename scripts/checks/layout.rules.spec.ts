import { describe, expect, it } from 'vitest';
import { findLayoutFaults, type SourceFile } from './layout.rules.js';

const sources = (folder: string, count: number): SourceFile[] =>
  Array.from({ length: count }, (_, index) => ({ path: `${folder}/source-${index}.ts`, lines: 1 }));

describe('findLayoutFaults', () => {
  it('accepts 12 sources in each folder and specs of 400 lines', () => {
    const spec = { path: 'libs/one/one.spec.ts', lines: 400 };
    expect(
      findLayoutFaults([...sources('libs/one', 12), ...sources('libs/two', 12), spec]),
    ).toEqual([]);
  });

  it('names a folder with 13 sources, their number and the limit', () => {
    const script = { path: 'libs/one/script.mjs', lines: 1 };
    expect(findLayoutFaults([...sources('libs/one', 12), script])).toEqual([
      expect.stringMatching(/^libs\/one has 13 source files\. At most 12 /),
    ]);
  });

  it('does not count the specs of a folder, nor the sources of the folders in it', () => {
    const spec = { path: 'libs/one/one.database.spec.ts', lines: 1 };
    expect(
      findLayoutFaults([...sources('libs/one', 12), spec, ...sources('libs/one/in', 12)]),
    ).toEqual([]);
  });

  it('accepts any number of migrations', () => {
    expect(findLayoutFaults(sources('apps/service/src/migrations', 13))).toEqual([]);
  });

  it('names a spec of 401 lines, its length and the limit', () => {
    expect(findLayoutFaults([{ path: 'test/one.spec.ts', lines: 401 }])).toEqual([
      expect.stringMatching(/^test\/one\.spec\.ts has 401 lines\. At most 400 /),
    ]);
  });

  it('accepts a source of any length', () => {
    expect(findLayoutFaults([{ path: 'libs/one/source.ts', lines: 401 }])).toEqual([]);
  });
});
