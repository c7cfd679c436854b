import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findOpenApiProblems } from './openapi.lint.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'openapi-lint-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function documentWith(example: unknown): string {
  const path = join(folder, 'openapi.json');
  writeFileSync(
    path,
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Cats', version: '1', license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      security: [],
      paths: {
        '/cats': {
          get: {
            operationId: 'listCats',
            summary: 'List cats',
            responses: {
              200: {
                description: 'Done.',
                content: {
                  'application/json': {
                    schema: { type: 'array', items: { type: 'string' } },
                    example,
                  },
                },
              },
              400: { description: 'Wrong.' },
            },
          },
        },
      },
    }),
  );
  return path;
}

describe('findOpenApiProblems', () => {
  it('accepts an example that matches its schema', async () => {
    await expect(findOpenApiProblems(documentWith(['Tom']))).resolves.toEqual([]);
  });

  it('reports an example that does not match its schema, with its place', async () => {
    const problems = await findOpenApiProblems(documentWith([7]));
    expect(problems).toEqual([expect.stringMatching(/no-invalid-media-type-examples.*~1cats/)]);
  });
});
