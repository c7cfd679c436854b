import { describe, expect, it } from 'vitest';
import { findCallPathFaults } from './call-path.rules.js';

const SERVICES = Array.from({ length: 4 }, (_, index) => `Service${index}`);

/** A service that calls the next one. */
const chained = (name: string, next?: string): string =>
  next === undefined
    ? `export class ${name} { run() {} unused() { this.run(); } }`
    : `import { ${next} } from './${next}.js';
       import { Unused } from './unused.js';
       export class ${name} {
         constructor(private readonly next: ${next}, private readonly unused: Unused) {}
         run() { return this.step(); }
         step() { return [1].map(() => this.next.run()); }
         other() { this.unused.run(); }
       }`;

/** A controller, its DTO and four services, in six files. */
const FILES: Record<string, string> = {
  'src/login/controller.ts': `
    import { Database } from '@poc-tracker/tenancy';
    import { Service0 } from '../Service0.js';
    import type { Settings } from '../settings.js';
    import { LoginDto, OtherDto } from './dto.js';
    export class Controller {
      constructor(private readonly first: Service0, private readonly database: Database, private settings: Settings) {}
      logIn(@Body() input: LoginDto, @Other() other: OtherDto) {
        return this.database.transaction(() => this.first.run(input, this.settings.one));
      }
    }`,
  ...Object.fromEntries(
    SERVICES.map((name, index) => [`src/${name}.ts`, chained(name, SERVICES[index + 1])]),
  ),
};

function faultsOf(
  maxFiles: number,
  changed: Record<string, string> = {},
  boundaries: string[] = [],
) {
  const files = { ...FILES, ...changed };
  const route = { file: 'src/login/controller.ts', className: 'Controller', name: 'logIn' };
  return findCallPathFaults({ ...route, maxFiles, boundaries }, (file) => {
    const text = files[file];
    if (text === undefined) throw new Error(`${file} must not be read.`);
    return text;
  });
}

describe('findCallPathFaults', () => {
  it('accepts a route that passes through as many files as allowed', () => {
    expect(faultsOf(6)).toEqual([]);
  });

  it('names the files of a route that passes through one more', () => {
    expect(faultsOf(5)).toEqual([
      expect.stringMatching(/^Controller\.logIn passes through 6 files\. At most 5 are allowed/),
    ]);
    for (const file of ['src/login/controller.ts', 'src/login/dto.ts', 'src/Service3.ts'])
      expect(faultsOf(5)[0]).toContain(file);
  });

  it('counts a class whose method is passed on without a call', () => {
    const passing = chained('Service2', 'Service3').replace(
      '() => this.next.run()',
      'this.next.run',
    );
    expect(faultsOf(5, { 'src/Service2.ts': passing })).toHaveLength(1);
  });

  it('neither counts nor follows a boundary', () => {
    expect(faultsOf(4, {}, ['src/Service2.ts'])).toEqual([]);
    expect(faultsOf(3, {}, ['src/Service2.ts'])).toHaveLength(1);
  });

  it('throws if a class does not have the method that is called, as it may inherit it', () => {
    const inheriting = 'export class Service3 extends Base {}';
    expect(() => faultsOf(6, { 'src/Service3.ts': inheriting })).toThrow(
      'src/Service3.ts has no method Service3.run',
    );
  });
});
