import { describe, expect, it } from 'vitest';
import { type DependencyFiles, findDependencyFaults } from './dependency.rules.js';

/** Files without a fault: one direct package, which brings another one. */
function files(): DependencyFiles {
  return {
    manifest: { dependencies: { thing: '1.2.3' }, allowScripts: { builder: false } },
    lock: {
      '': {},
      'node_modules/thing': { version: '1.2.3', license: 'MIT' },
      'node_modules/thing/node_modules/builder': { license: 'ISC', hasInstallScript: true },
    },
    document: '| package | version | license | reason |\n| `thing` | 1.2.3   | MIT | does it |\n',
  };
}

describe('findDependencyFaults', () => {
  it('accepts exact versions with a documented reason and a permissive license', () => {
    expect(findDependencyFaults(files())).toEqual([]);
  });

  it.each(['^1.2.3', '~1.2.3', '1.x', 'latest', '*', '>=1.2.3', 'github:owner/thing'])(
    'refuses the version %s',
    (version) => {
      const changed = files();
      changed.manifest.devDependencies = { thing: version };
      expect(findDependencyFaults(changed)).toContain(
        `package.json: thing must have an exact version, not "${version}".`,
      );
    },
  );

  it('refuses a range in an override, and accepts a reference to a direct dependency', () => {
    const changed = files();
    changed.manifest.overrides = { other: { thing: '^1.0.0' }, third: '$thing' };
    expect(findDependencyFaults(changed)).toEqual([
      'package.json: an override must have an exact version, not "^1.0.0".',
    ]);
  });

  it.each([
    ['no row', ''],
    ['no reason', '| `thing` | 1.2.3 | MIT |  |\n'],
  ])('refuses a package with %s in the document', (_what, document) => {
    expect(findDependencyFaults({ ...files(), document })).toEqual([
      'docs/dependencies.md: thing is missing, or has no reason.',
    ]);
  });

  it.each(['| `thing` | 1.2.2 | MIT | does it |', '| `thing` | 1.2.3 | ISC | does it |'])(
    'refuses a document that differs from what is installed: %s',
    (document) => {
      expect(findDependencyFaults({ ...files(), document })).toEqual([
        expect.stringContaining('thing is 1.2.3 (MIT), not '),
      ]);
    },
  );

  it('refuses a documented package that is no dependency', () => {
    const changed = files();
    changed.document += '| `old` | 1.0.0 | MIT | was needed |\n';
    expect(findDependencyFaults(changed)).toEqual([
      'docs/dependencies.md: old is not in package.json.',
    ]);
  });

  it.each(['AGPL-3.0', undefined])('refuses an indirect package with the license %s', (license) => {
    const changed = files();
    changed.lock['node_modules/other'] = { ...(license !== undefined && { license }) };
    expect(findDependencyFaults(changed)).toEqual([
      expect.stringContaining('other has the license'),
    ]);
  });

  it('accepts the MPL for development only', () => {
    const changed = files();
    changed.lock['node_modules/other'] = { license: 'MPL-2.0', dev: true };
    expect(findDependencyFaults(changed)).toEqual([]);
    changed.lock['node_modules/other'] = { license: 'MPL-2.0' };
    expect(findDependencyFaults(changed)).toHaveLength(1);
  });

  it('refuses an install script that is not denied by name', () => {
    const changed = files();
    changed.manifest.allowScripts = { builder: true };
    expect(findDependencyFaults(changed)).toEqual([
      'package.json: set "builder" to false in allowScripts. It has an install script.',
    ]);
  });
});
