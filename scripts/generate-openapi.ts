import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiDescription } from '@poc-tracker/http-service';
import { createViteServer } from 'vitest/node';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const NOWHERE = 'postgres://unused@127.0.0.1:1/none';

type Load = <Module>(path: string) => Promise<Module>;

/** A service, the file of its document, and how to wire its routes without constructing providers. */
interface Service {
  output: string;
  wire(load: Load): Promise<{ app: NestFastifyApplication; description: ApiDescription }>;
}

type Description = { API_DESCRIPTION: ApiDescription };
type AuthSetup = typeof import('../apps/auth-service/src/app.setup.js');
type AuthConfig = typeof import('../apps/auth-service/src/config/test-config.js');
type TrackerSetup = typeof import('../apps/poc-tracker/src/app.setup.js');
type TrackerConfig = typeof import('../apps/poc-tracker/src/config/test-config.js');
type HttpService = typeof import('@poc-tracker/http-service');

const SERVICES: Service[] = [
  {
    output: 'docs/openapi.json',
    wire: async (load) => {
      const setup = await load<AuthSetup>('/apps/auth-service/src/app.setup.ts');
      const description = await load<Description>('/apps/auth-service/src/api-description.ts');
      const config = await load<AuthConfig>('/apps/auth-service/src/config/test-config.ts');
      const database = { serviceUrl: NOWHERE, platformUrl: NOWHERE };
      const app = await setup.createApp(config.testConfig(database), { preview: true });
      return { app, description: description.API_DESCRIPTION };
    },
  },
  {
    output: 'docs/openapi.poc-tracker.json',
    wire: async (load) => {
      const setup = await load<TrackerSetup>('/apps/poc-tracker/src/app.setup.ts');
      const description = await load<Description>('/apps/poc-tracker/src/api-description.ts');
      const config = await load<TrackerConfig>('/apps/poc-tracker/src/config/test-config.ts');
      const settings = config.testTrackerConfig({ trackerUrl: NOWHERE }, []);
      const app = await setup.createApp(settings, { preview: true });
      return { app, description: description.API_DESCRIPTION };
    },
  },
];

/**
 * Loads the services through Vite, as the tests do. Nest describes routes by the types of parameters and properties,
 * which Vite's compiler emits and tsx does not.
 */
async function withSources<T>(use: (load: Load) => Promise<T>): Promise<T> {
  const server = await createViteServer({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    appType: 'custom',
    resolve: { tsconfigPaths: true },
    server: { middlewareMode: true, hmr: false, watch: null, ws: false },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    return await use(<Module>(path: string) => server.ssrLoadModule(path) as Promise<Module>);
  } finally {
    await server.close();
  }
}

/** Writes the document of a service, or compares it. @returns false if it has gaps or differs */
async function describe(service: Service, load: Load, check: boolean): Promise<boolean> {
  const http = await load<HttpService>('/libs/http-service/src/index.ts');
  const { app, description } = await service.wire(load);
  const document = http.createOpenApiDocument(app, description);
  const gaps = http.findGaps(document);
  for (const gap of gaps) console.error(`${service.output}: ${gap}`);
  if (gaps.length > 0) return false;
  const path = join(ROOT, service.output);
  const text = `${JSON.stringify(document, null, 2)}\n`;
  if (!check) {
    await writeFile(path, text);
    console.log(`${service.output} is written.`);
    return true;
  }
  if (existsSync(path) && (await readFile(path, 'utf8')) === text) return true;
  console.error(`${service.output} differs from the code. Run \`npm run generate\` and commit it.`);
  return false;
}

const checkOnly = process.argv.includes('--check');
await withSources(async (load) => {
  for (const service of SERVICES) {
    if (!(await describe(service, load, checkOnly))) process.exitCode = 1;
  }
});
