import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  SERVICE_BUNDLE,
  serviceEnvironment,
  startServer,
  TRACKER_BUNDLE,
  trackerEnvironment,
} from '../../service-process.js';
import type { IsolationReport } from '../report.js';
import { type Answer, protectedRoutes, type Route, RouteClient } from './route-client.js';
import { insertion } from './table-attacks.js';
import { newRow, type Row, type Tenant, type World } from '../world.js';

/** A running service, and ids of the attacker's own with which its routes must answer something. */
interface Target {
  url: string;
  /** By the name of the route's parameter; without a name, ids that are tried in every place. */
  ownIds(route: Route): Promise<{ named?: Record<string, string>; any: string[] }>;
}

interface Scene {
  client: RouteClient;
  target: Target;
  world: World;
  report: IsolationReport;
}

const ID = /\{([^}]+)\}/g;

/**
 * Tables whose ids the parameters of routes are of, beside every other id that is tried in their place. Needed where a
 * route has two of them, which must belong together.
 */
const TABLE_OF_PARAMETER: Record<string, string> = {
  pocId: 'pocs',
  fileId: 'poc_files',
  userId: 'users',
  sessionId: 'user_sessions',
};

/**
 * Routes that answer no id here, not even one of the caller's own. Those of factors answer a factor of the caller's alone, with its code
 * or a recent proof of it: test/e2e/factors shows that with two tenants. Those of mail texts have names, which all tenants share.
 */
const ANSWER_NO_ID = new Set([
  'POST /api/v1/auth/factors/totp/{id}/confirm',
  'PATCH /api/v1/auth/factors/{id}',
  'DELETE /api/v1/auth/factors/{id}',
  'PUT /api/v1/tenants/current/mail/templates/{kind}/{locale}',
  'DELETE /api/v1/tenants/current/mail/templates/{kind}/{locale}',
]);

/**
 * Calls every route of the running services that needs a token with the attacker's token and the victim's names and
 * ids.
 */
export async function attackRoutes(world: World, report: IsolationReport): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-isolation-'));
  // What a plan lacks is refused to everybody, which would prove nothing.
  await world.admin.query(
    `UPDATE tenants SET max_users = 1000, features = '{"real_time_dojos": true, "video_generation": true,
       "advanced_analytics": true, "api_access": true}' WHERE id = ANY ($1)`,
    [[world.attacker.id, world.victim.id]],
  );
  const service = await startServer(
    [process.execPath, SERVICE_BUNDLE],
    serviceEnvironment(world.database),
    '/health/live',
  );
  try {
    const tracker = await startServer(
      [process.execPath, TRACKER_BUNDLE],
      trackerEnvironment(world.database, service.url, folder),
      '/health/live',
    );
    try {
      const client = await RouteClient.join(service.url, world);
      const before = await victimRows(world);
      // The service last: its own routes delete users that the tracker's routes need.
      for (const target of [
        trackerTarget(tracker.url, client),
        serviceTarget(service.url, client, world),
      ])
        await attackTarget({ client, world, report, target });
      const after = await victimRows(world);
      const changed = Object.keys(before).filter((table) => before[table] !== after[table]);
      report.recordFinding({
        id: 'HTTP',
        attempt: "the victim's rows after all of these calls",
        result: changed.length === 0 ? 'unchanged' : `changed in ${changed.join(', ')}`,
        passed: changed.length === 0,
      });
    } finally {
      await tracker.stop();
    }
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true });
  }
}

function serviceTarget(url: string, client: RouteClient, world: World): Target {
  const { attacker } = world;
  return {
    url,
    ownIds: async (route) => ({
      // A running session: an earlier route may have ended the user's.
      ...(parametersOf(route).includes('sessionId') && {
        named: { userId: attacker.userId, sessionId: await beginSession(world) },
      }),
      any: [...idsOf(attacker), await client.sessionId()],
    }),
  };
}

async function beginSession({ admin, attacker, tables }: World): Promise<string> {
  const sessions = tables.find(({ name }) => name === 'user_sessions');
  if (sessions === undefined) throw new Error('There is no table user_sessions.');
  const { sql, params } = insertion(sessions, newRow(sessions, attacker));
  const { rows } = await admin.query<{ id: string }>(`${sql} RETURNING id`, params);
  return rows[0]?.id ?? '';
}

/** A POC of its own for each route, which may delete it. */
function trackerTarget(url: string, client: RouteClient): Target {
  return { url, ownIds: async () => ({ named: await client.makePoc(url), any: [] }) };
}

async function attackTarget(scene: Scene): Promise<void> {
  const routes = await protectedRoutes(scene.target.url);
  if (!routes.some((route) => parametersOf(route).length > 0))
    throw new Error('No route with an id was found to attack.');
  for (const route of routes) {
    if (route.ofOperators) await attackOperators(route, scene);
    else if (parametersOf(route).length > 0) await attackWithForeignIds(route, scene);
    else await attackWithForeignTenant(route, scene);
  }
}

/** An admin of a tenant is no operator, whatever the route is asked about. */
async function attackOperators(
  route: Route,
  { client, target, world, report }: Scene,
): Promise<void> {
  const { status, text } = await client.call(
    target.url,
    route,
    fill(route, () => world.victim.id),
  );
  report.recordFinding({
    id: 'HTTP',
    attempt: `${route.method} ${route.template}, which is the operators', for the other tenant`,
    result: String(status),
    passed: status === 403 && text.includes('INSUFFICIENT_PERMISSIONS'),
  });
}

/** Every id of the victim's, whatever table it is of, must be answered exactly as one that was never given out. */
async function attackWithForeignIds(
  route: Route,
  { client, target, world, report }: Scene,
): Promise<void> {
  const ask = (id: (name: string) => string) => client.call(target.url, route, fill(route, id));
  const { named, any } = await target.ownIds(route);
  const [first = ''] = parametersOf(route);
  const own: Answer[] = [];
  // Behind an id of the attacker's own, where there is a second place for one.
  const behindOwn = (id: string) => (name: string) => (name === first ? (named?.[name] ?? id) : id);
  const foreign: [Answer, Answer][] = [];
  const random = await ask(() => randomUUID());
  for (const id of idsOf(world.victim)) foreign.push([await ask(() => id), random]);
  if (parametersOf(route).length > 1 && named !== undefined) {
    const randomBehindOwn = await ask(behindOwn(randomUUID()));
    for (const id of idsOf(world.victim)) foreign.push([await ask(behindOwn(id)), randomBehindOwn]);
  }
  const theirs = (name: string) =>
    idOf(world.victim.rows[TABLE_OF_PARAMETER[name] ?? '']) ?? randomUUID();
  foreign.push([await ask(theirs), random]);
  for (const id of any) own.push(await ask(() => id));
  if (named !== undefined) own.push(await ask((name) => named[name] ?? randomUUID()));
  const leaks = foreign
    .filter(([answer, expected]) => !alike(answer, expected))
    .map(([answer]) => answer);
  // A conflict is of something that is there.
  const proves =
    ANSWER_NO_ID.has(`${route.method} ${route.template}`) ||
    own.some(({ status }) => status < 300 || status === 409);
  report.recordFinding({
    id: 'HTTP',
    attempt: `${route.method} ${route.template} with ${foreign.length} ids of the other tenant`,
    result: outcome(leaks, random, proves),
    // A name that does not exist is invalid, and an id is not found.
    passed: leaks.length === 0 && [400, 404].includes(random.status) && proves,
  });
}

function alike(left: Answer, right: Answer): boolean {
  return left.status === right.status && left.text === right.text;
}

function outcome(leaks: Answer[], random: Answer, proves: boolean): string {
  if (leaks[0] !== undefined) return `${leaks.length} answered ${leaks[0].status} ${leaks[0].text}`;
  if (!proves) return "proves nothing: no id of the caller's own tenant was answered either";
  return `${random.status}, the same as for a random id`;
}

/** Naming the victim beside the token changes nothing (header, parameter) or is refused (host). */
async function attackWithForeignTenant(
  route: Route,
  { client, target, world, report }: Scene,
): Promise<void> {
  const { victim } = world;
  const ask = (path: string, headers: Record<string, string> = {}) =>
    client.call(target.url, route, path, headers);
  const subdomain = String(victim.rows['tenants']?.['subdomain']);
  const secrets = [...idsOf(victim), victim.id, subdomain, String(victim.rows['users']?.['email'])];
  const joint = route.template.includes('?') ? '&' : '?';
  // First: the calls that are not refused may end the session, and a log-out of an ended session succeeds at any host.
  const asHost = await ask(route.template, { host: `${subdomain}.localhost` });
  const plain = await ask(route.template);
  const asHeader = await ask(route.template, { 'x-tenant-id': victim.id });
  const asParameter = await ask(`${route.template}${joint}tenant_id=${victim.id}`);
  const silent = [asHeader, asParameter, asHost].every(
    ({ text }) => !secrets.some((secret) => text.includes(secret)),
  );
  report.recordFinding({
    id: 'HTTP',
    attempt: `${route.method} ${route.template} naming the other tenant as header, parameter and host`,
    result:
      `${asHeader.status}, ${asParameter.status}, ${asHost.status}; without: ${plain.status}` +
      (silent ? '' : '; THE OTHER TENANT SHOWS'),
    passed:
      silent &&
      [asHeader, asParameter].every(({ status }) => sameOrMade(status, plain.status)) &&
      asHost.text.includes('TENANT_MISMATCH'),
  });
}

/** What the first call made is in the way of the next ones. */
function sameOrMade(status: number, first: number): boolean {
  return status === first || (first === 201 && status === 409);
}

function parametersOf({ template }: Route): string[] {
  return [...template.matchAll(ID)].map(([, name = '']) => name);
}

function fill({ template }: Route, id: (name: string) => string): string {
  return template.replace(ID, (_match, name: string) => id(name));
}

function idsOf(tenant: Tenant): string[] {
  return Object.values(tenant.rows).flatMap((row) => idOf(row) ?? []);
}

function idOf(row: Row | undefined): string | undefined {
  const id = row?.['id'];
  return typeof id === 'string' ? id : undefined;
}

/** The column in which the service's own scheduled work notes, for whichever tenant, that an event has been read. */
const OF_SCHEDULED_WORK = 'retired_at';

/**
 * The victim's rows by table, as text. Pending audit entries are counted with the hash chain: a job
 * moves them from one to the other meanwhile.
 */
async function victimRows({ admin, tables, victim }: World): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, tenantColumn } of tables) {
    const { rows } = await admin.query<Row>(
      `SELECT to_jsonb(t) - $2 AS row FROM ${name} AS t WHERE ${tenantColumn} = $1 ORDER BY t::text`,
      [victim.id, OF_SCHEDULED_WORK],
    );
    found[name] = JSON.stringify(rows);
  }
  const { rows } = await admin.query<{ entries: string }>(
    `SELECT (SELECT count(*) FROM audit_chain WHERE tenant_id = $1)
          + (SELECT count(*) FROM audit_pending WHERE tenant_id = $1) AS entries`,
    [victim.id],
  );
  const { audit_chain: _chain, audit_pending: _pending, ...others } = found;
  return { ...others, auditEntries: rows[0]?.entries ?? '' };
}
