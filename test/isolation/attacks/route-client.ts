import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { seedUser } from '@poc-tracker/testing';
import type { World } from '../world.js';

export interface Route {
  method: string;
  /** Path with `{name}` for each id; required query parameters are filled in. */
  template: string;
  body: { type: string; example: unknown } | undefined;
  /** True of a route that belongs to no tenant. */
  ofOperators: boolean;
}

export interface Answer {
  status: number;
  /** The answer without what differs from request to request. */
  text: string;
}

interface Outgoing {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: Route['body'];
}

interface Operation {
  security?: Record<string, unknown>[];
  parameters?: { name: string; in: string; required?: boolean; example?: unknown }[];
  requestBody?: { content: Record<string, { example?: unknown }> };
  'x-policy'?: { access: string };
}

/** Reading first, and parts before the whole: what a route deletes cannot prove anything of a later one. */
const ORDER = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The routes of a running service that need a token, from its own document. */
export async function protectedRoutes(url: string): Promise<Route[]> {
  const { paths } = (await (await fetch(`${url}/docs-json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { security }]) => security?.some((scheme) => 'bearer' in scheme))
      .map(([method, operation]) => toRoute(method.toUpperCase(), path, operation)),
  );
  return routes.sort(
    (left, right) =>
      ORDER.indexOf(left.method) - ORDER.indexOf(right.method) || depth(right) - depth(left),
  );
}

const depth = ({ template }: Route): number => template.split('/').length;

function toRoute(method: string, path: string, operation: Operation): Route {
  const query = (operation.parameters ?? [])
    .filter((parameter) => parameter.in === 'query' && parameter.required === true)
    .map(({ name, example }) => `${name}=${encodeURIComponent(String(example))}`);
  const [[type, media] = []] = Object.entries(operation.requestBody?.content ?? {});
  return {
    method,
    template: query.length === 0 ? path : `${path}?${query.join('&')}`,
    body: type === undefined ? undefined : { type, example: media?.example },
    ofOperators: operation['x-policy']?.access === 'operator',
  };
}

/** Speaks for an admin of the attacker's tenant, who logs in anew whenever a call has ended their session. */
export class RouteClient {
  private token: Promise<string> | undefined;

  private constructor(
    private readonly authUrl: string,
    private readonly world: World,
    private readonly admin: { email: string; password: string },
  ) {}

  static async join(authUrl: string, world: World): Promise<RouteClient> {
    const admin = await seedUser(world.database, world.attacker.id, { role: 'admin' });
    return new RouteClient(authUrl, world, admin);
  }

  /** @param url of the service that is attacked. */
  async call(
    url: string,
    route: Route,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { method, body } = route;
    const answer = await this.send({ method, url: url + path, headers, body });
    return { ...answer, text: answer.text.replace(/"requestId":"[^"]*"/, '') };
  }

  async sessionId(): Promise<string> {
    const payload = (await this.logIn()).split('.')[1] ?? '';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
      session_id: string;
    };
    return claims.session_id;
  }

  /** A new POC with a file and a collaborator, made through the tracker at `url`. */
  async makePoc(url: string): Promise<{ pocId: string; fileId: string; userId: string }> {
    const make = async (method: string, path: string, body?: Route['body']): Promise<string> => {
      const answer = await this.send({ method, url: url + path, body });
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
      return (JSON.parse(answer.text) as { data: { id: string } | null }).data?.id ?? '';
    };
    const json = (example: unknown) => ({ type: 'application/json', example });
    const pocId = await make('POST', '/api/v1/pocs', json({ title: 'Own' }));
    const file = { type: 'text/plain', example: 'own' };
    const fileId = await make('POST', `/api/v1/pocs/${pocId}/files?name=own`, file);
    const { userId } = this.world.attacker;
    await make('PUT', `/api/v1/pocs/${pocId}/collaborators/${userId}`);
    return { pocId, fileId, userId };
  }

  private async send(outgoing: Outgoing): Promise<Answer> {
    const ask = async (): Promise<Answer> => {
      const authorization = `Bearer ${await (this.token ??= this.logIn())}`;
      return send({ ...outgoing, headers: { authorization, ...outgoing.headers } });
    };
    const answer = await ask();
    if (answer.status !== 401) return answer;
    this.token = undefined;
    return ask();
  }

  private async logIn(): Promise<string> {
    const { email, password } = this.admin;
    const { status, text } = await send({
      method: 'POST',
      url: `${this.authUrl}/api/v1/auth/login`,
      headers: { 'x-tenant-id': this.world.attacker.id },
      body: { type: 'application/json', example: { email, password } },
    });
    if (status !== 200) throw new Error(`The attacker could not log in: ${status} ${text}`);
    return (JSON.parse(text) as { data: { tokens: { accessToken: string } } }).data.tokens
      .accessToken;
  }
}

/** Not fetch(), which does not let a caller choose the Host. */
function send({ method, url, headers = {}, body }: Outgoing): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const payload = body && encode(body);
    const outgoing = request(
      url,
      {
        method,
        headers: {
          ...(body && { 'content-type': body.type, 'content-length': payload?.length }),
          ...headers,
        },
      },
      (response) => {
        const status = response.statusCode ?? 0;
        if (response.headers['content-type'] === 'text/event-stream') {
          resolve({ status, text: 'a stream' });
          response.destroy();
          return;
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status, text: Buffer.concat(chunks).toString() }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function encode({ type, example }: NonNullable<Route['body']>): Buffer {
  if (type === 'application/json') return Buffer.from(JSON.stringify(example ?? null));
  return typeof example === 'string' ? Buffer.from(example) : randomBytes(16);
}
