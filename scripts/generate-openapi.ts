import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { OpenAPIObject } from '@nestjs/swagger';
import { createViteServer } from 'vitest/node';

const OUTPUT = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));

interface Sources {
  setup: typeof import('../apps/auth-service/src/app.setup.js');
  config: typeof import('../apps/auth-service/src/config/test-config.js');
  http: typeof import('@poc-tracker/http-service');
}

/**
 * Loads the service through Vite, as the tests do: its compiler emits the types of parameters and properties that Nest
 * describes the routes from, which tsx leaves out.
 */
async function withSources<T>(use: (sources: Sources) => Promise<T>): Promise<T> {
  const server = await createViteServer({
    configFile: false,
    root: fileURLToPath(new URL('..', import.meta.url)),
    logLevel: 'error',
    appType: 'custom',
    resolve: { tsconfigPaths: true },
    server: { middlewareMode: true, hmr: false, watch: null, ws: false },
    optimizeDeps: { noDiscovery: true },
  });
  const load = (path: string): Promise<Record<string, unknown>> => server.ssrLoadModule(path);
  try {
    return await use({
      setup: (await load('/apps/auth-service/src/app.setup.ts')) as Sources['setup'],
      config: (await load('/apps/auth-service/src/config/test-config.ts')) as Sources['config'],
      http: (await load('/libs/http-service/src/index.ts')) as Sources['http'],
    });
  } finally {
    await server.close();
  }
}

/** The document and what it leaves untold. Nothing is constructed, so that no database is needed. */
async function describeService(): Promise<{ document: OpenAPIObject; gaps: string[] }> {
  return withSources(async ({ setup, config, http }) => {
    const nowhere = 'postgres://nobody@127.0.0.1:1/none';
    const app = await setup.createApp(
      config.testConfig({ serviceUrl: nowhere, platformUrl: nowhere }),
      {
        preview: true,
      },
    );
    const described = http.createOpenApiDocument(app, setup.API_DESCRIPTION);
    return { document: described, gaps: http.findGaps(described) };
  });
}

const check = process.argv.includes('--check');
const { document, gaps } = await describeService();
const text = `${JSON.stringify(document, null, 2)}\n`;
for (const gap of gaps) console.error(`docs/openapi.json: ${gap}`);
if (gaps.length > 0) {
  process.exitCode = 1;
} else if (!check) {
  await writeFile(OUTPUT, text);
  console.log('docs/openapi.json is written.');
} else if (!existsSync(OUTPUT) || (await readFile(OUTPUT, 'utf8')) !== text) {
  console.error('docs/openapi.json differs from the code; run `npm run generate` and commit it.');
  process.exitCode = 1;
}
