import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { seedUser } from '@poc-tracker/testing';
import { SERVICE_BUNDLE, serviceEnvironment, startServer } from '../service-process.js';
import type { IsolationReport } from './report.js';
import type { Row, Tenant, World } from './world.js';

interface Route {
  method: string;
  template: string;
  body: unknown;
}

interface OpenApiDocument {
  paths: Record<
    string,
    Record<
      string,
      {
        security?: Record<string, unknown>[];
        requestBody?: { content: Record<string, { example?: unknown }> };
      }
    >
  >;
}

interface Answer {
  status: number;
  /** The answer without what differs from request to request. */
  text: string;
}

const ID = /\{[^}]+\}/;

/** Calls every route of the running service that needs a token with the attacker's token and the victim's names and ids. */
export async function attackRoutes(world: World, report: IsolationReport): Promise<void> {
  const service = await startServer(
    [process.execPath, SERVICE_BUNDLE],
    serviceEnvironment(world.database),
    '/health/live',
  );
  try {
    const before = await victimRows(world);
    const document = (await (await fetch(`${service.url}/docs-json`)).json()) as OpenApiDocument;
    const client = await RouteClient.join(service.url, world);
    const routes = protectedRoutes(document);
    if (!routes.some(({ template }) => ID.test(template)))
      throw new Error('No route with an id was found to attack.');
    for (const route of routes) {
      if (ID.test(route.template)) await attackWithForeignIds(route, client, world, report);
      else await attackWithForeignTenant(route, client, world, report);
    }
    const after = await victimRows(world);
    report.recordFinding({
      id: 'HTTP',
      tried: "the victim's rows after all of these calls",
      happened: before === after ? 'unchanged' : 'changed',
      held: before === after,
    });
  } finally {
    await service.stop();
  }
}

/** Speaks for an admin of the attacker's tenant. A call may end that admin's session, so each logs in anew. */
class RouteClient {
  private constructor(
    private readonly url: string,
    private readonly tenant: Tenant,
    private readonly admin: { email: string; password: string },
  ) {}

  static async join(url: string, { database, attacker }: World): Promise<RouteClient> {
    return new RouteClient(url, attacker, await seedUser(database, attacker.id, { role: 'admin' }));
  }

  async call(route: Route, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const authorization = `Bearer ${await this.logIn()}`;
    const { status, text } = await this.send(
      route.method,
      path,
      { authorization, ...headers },
      route.body,
    );
    return { status, text: text.replace(/"requestId":"[^"]*"/, '') };
  }

  /** Ids that the routes must answer for, lest one that answers nobody passes for a closed one. */
  async ownIds(): Promise<string[]> {
    const payload = (await this.logIn()).split('.')[1] ?? '';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
      session_id: string;
    };
    return [...idsOf(this.tenant), claims.session_id];
  }

  private async logIn(): Promise<string> {
    const { email, password } = this.admin;
    const headers = { 'x-tenant-id': this.tenant.id };
    const { status, text } = await this.send('POST', '/api/v1/auth/login', headers, {
      email,
      password,
    });
    if (status !== 200) throw new Error(`The attacker could not log in: ${status} ${text}`);
    return (JSON.parse(text) as { data: { tokens: { accessToken: string } } }).data.tokens
      .accessToken;
  }

  /** Not fetch(), which does not let a caller choose the Host. */
  private send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: unknown,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const outgoing = request(
        this.url + path,
        { method, headers: { ...json, ...headers } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function protectedRoutes({ paths }: OpenApiDocument): Route[] {
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations)
      .filter(([, { security }]) => security?.some((scheme) => 'bearer' in scheme))
      .map(([method, { requestBody }]) => ({
        method: method.toUpperCase(),
        template,
        body: requestBody?.content['application/json']?.example,
      })),
  );
}

/** Every id of the victim's, whatever table it is of, must be answered exactly as one that was never given out. */
async function attackWithForeignIds(
  route: Route,
  client: RouteClient,
  world: World,
  report: IsolationReport,
): Promise<void> {
  const at = (id: string) => route.template.replace(ID, id);
  const random = await client.call(route, at(randomUUID()));
  const own: Answer[] = [];
  for (const id of await client.ownIds()) own.push(await client.call(route, at(id)));
  const foreign: Answer[] = [];
  for (const id of idsOf(world.victim)) foreign.push(await client.call(route, at(id)));
  const leaks = foreign.filter(
    ({ status, text }) => status !== random.status || text !== random.text,
  );
  const proves = own.some(({ status }) => status < 300);
  report.recordFinding({
    id: 'HTTP',
    tried: `${route.method} ${route.template} with ${foreign.length} ids of the other tenant`,
    happened: outcome(leaks, random, proves),
    held: leaks.length === 0 && random.status === 404 && proves,
  });
}

function outcome(leaks: Answer[], random: Answer, proves: boolean): string {
  if (leaks[0] !== undefined) return `${leaks.length} answered ${leaks[0].status} ${leaks[0].text}`;
  if (!proves) return "proves nothing: no id of the caller's own tenant was answered either";
  return `${random.status}, to the letter as for a random id`;
}

/** Naming the victim beside the token changes nothing (header, parameter) or is refused (host). */
async function attackWithForeignTenant(
  route: Route,
  client: RouteClient,
  world: World,
  report: IsolationReport,
): Promise<void> {
  const { victim } = world;
  const subdomain = String(victim.rows['tenants']?.['subdomain']);
  const secrets = [...idsOf(victim), victim.id, subdomain, String(victim.rows['users']?.['email'])];
  const plain = await client.call(route, route.template);
  const asHeader = await client.call(route, route.template, { 'x-tenant-id': victim.id });
  const asParameter = await client.call(route, `${route.template}?tenant_id=${victim.id}`);
  const asHost = await client.call(route, route.template, { host: `${subdomain}.localhost` });
  const silent = [asHeader, asParameter, asHost].every(
    ({ text }) => !secrets.some((secret) => text.includes(secret)),
  );
  report.recordFinding({
    id: 'HTTP',
    tried: `${route.method} ${route.template} naming the other tenant as header, parameter and host`,
    happened: `${asHeader.status}, ${asParameter.status}, ${asHost.status}; without: ${plain.status}${silent ? '' : '; THE OTHER TENANT SHOWS'}`,
    held:
      silent &&
      asHeader.status === plain.status &&
      asParameter.status === plain.status &&
      asHost.text.includes('TENANT_MISMATCH'),
  });
}

function idsOf(tenant: Tenant): string[] {
  return Object.values(tenant.rows).flatMap((row) =>
    typeof row['id'] === 'string' ? [row['id']] : [],
  );
}

async function victimRows({ admin, tables, victim }: World): Promise<string> {
  const found: Record<string, Row[]> = {};
  for (const { name, tenantColumn } of tables) {
    const { rows } = await admin.query<Row>(
      `SELECT * FROM ${name} AS t WHERE ${tenantColumn} = $1 ORDER BY t::text`,
      [victim.id],
    );
    found[name] = rows;
  }
  return JSON.stringify(found);
}
