import { createOpenApiDocument } from '@poc-tracker/http-service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_DESCRIPTION } from '../../apps/auth-service/src/api-description.js';
import { serviceClient, type TestClient } from '../e2e/oauth/oauth.fixture.js';
import { PolicyScenes } from '../e2e/policy-matrix.scene.js';
import { type Caller, type Cell, MATRIX } from '../e2e/policy-matrix.table.js';
import { type ContractCall, type ContractCaller, ContractRun } from './contract-run.js';
import { UNSIGNED_CALLS, VALID_BODIES } from './valid-calls.js';

let scenes: PolicyScenes;
let contract: ContractRun;
let client: TestClient;

beforeAll(async () => {
  scenes = await PolicyScenes.start();
  contract = new ContractRun(createOpenApiDocument(scenes.service.app, API_DESCRIPTION));
  client = await serviceClient(scenes.service);
});

afterAll(async () => {
  await scenes.service.stop();
});

/** Operations that are not run here. */
const EXCEPTIONS = [
  // Its callers sign the body, as the tests of mail events do.
  'POST /api/v1/mail/events',
  // Takes no input and answers with an endless stream.
  'GET /api/v1/oauth/revocations',
];

const ROUTES = Object.entries(MATRIX).filter(([name]) => !EXCEPTIONS.includes(name));

/** A caller whose valid call succeeds. */
function callerFor({ allowed, asOperator }: Cell): Caller {
  return asOperator === undefined ? (allowed.at(-1) ?? 'anonymous') : 'operator';
}

/** A caller with tenants, users and secrets of their own. */
async function newCaller(name: string, cell: Cell): Promise<ContractCaller> {
  const [method = '', template = ''] = name.split(' ');
  const isForm = template.includes('/oauth/');
  const role = isForm ? 'anonymous' : callerFor(cell);
  const scene = await scenes.createScene(role, cell.target, template.includes('/auth/factors'));
  const { accessToken } = scene.login.tokens;
  const form = { token: accessToken, client_id: client.id, client_secret: client.secret };
  const unsigned = UNSIGNED_CALLS[name];
  const valid = unsigned?.body ?? (await VALID_BODIES[name]?.(scenes.service, scene));
  const base = isForm ? form : (valid ?? cell.body?.(scene));
  const send = async ({ path, body, query }: ContractCall) => {
    const { statusCode, payload } = await scenes.service.app.inject({
      method: method as 'GET',
      url: path ?? cell.path?.(scene) ?? template,
      headers: {
        host: scene.host,
        ...(body !== undefined && {
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        }),
        ...(role !== 'anonymous' && { authorization: `Bearer ${accessToken}` }),
      },
      ...(query !== undefined && { query }),
      ...(body !== undefined && {
        payload: isForm
          ? new URLSearchParams(body as Record<string, string>).toString()
          : JSON.stringify(body),
      }),
    });
    return { status: statusCode, text: payload };
  };
  return {
    base: base === undefined ? {} : { body: base },
    ...(unsigned !== undefined && { refusal: unsigned.refusal }),
    send,
  };
}

describe('The OpenAPI document of the service', () => {
  it('has no operation that is neither run nor an exception', () => {
    const known = [...ROUTES.map(([name]) => name), ...EXCEPTIONS];
    expect(known.sort()).toEqual([...contract.operations.keys()].sort());
  });

  it.each(ROUTES)('says what %s accepts and answers', async (name, cell) => {
    expect(await contract.faultsOf(name, () => newCaller(name, cell))).toEqual([]);
  });
});
