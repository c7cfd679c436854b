import { createOpenApiDocument } from '@poc-tracker/http-service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_DESCRIPTION } from '../../apps/poc-tracker/src/api-description.js';
import { TrackerFixture } from '../e2e/tracker/tracker.fixture.js';
import { type ContractCall, type ContractCaller, ContractRun } from './contract-run.js';

const POC = { body: { title: 'An oven' } };

/** The operations, each with the inputs of a call that is accepted. */
const ROUTES: Record<string, ContractCall> = {
  'GET /health': {},
  'GET /health/live': {},
  'GET /health/ready': {},
  'GET /api/v1/pocs': {},
  'POST /api/v1/pocs': POC,
  'GET /api/v1/pocs/analytics': {},
  'GET /api/v1/pocs/export': {},
  'GET /api/v1/pocs/{pocId}': {},
  'PUT /api/v1/pocs/{pocId}': POC,
  'PATCH /api/v1/pocs/{pocId}': POC,
  'DELETE /api/v1/pocs/{pocId}': {},
  'GET /api/v1/pocs/{pocId}/collaborators': {},
  'PUT /api/v1/pocs/{pocId}/collaborators/{userId}': {},
  'DELETE /api/v1/pocs/{pocId}/collaborators/{userId}': {},
  'GET /api/v1/pocs/{pocId}/files': {},
  'POST /api/v1/pocs/{pocId}/files': {
    query: { name: 'report.pdf' },
    body: Buffer.from('a report'),
  },
  'GET /api/v1/pocs/{pocId}/files/{fileId}': {},
  'DELETE /api/v1/pocs/{pocId}/files/{fileId}': {},
  'GET /api/v1/pocs/{pocId}/files/{fileId}/content': {},
  'GET /api/v1/public/pocs/{pocId}': {},
};

/** Operations that are not run here. */
const EXCEPTIONS = [
  // A stream without an end, which takes only an id.
  'GET /api/v1/pocs/{pocId}/events',
];

let tracker: TrackerFixture;
let contract: ContractRun;

beforeAll(async () => {
  tracker = await TrackerFixture.start();
  contract = new ContractRun(createOpenApiDocument(tracker.app, API_DESCRIPTION));
});

afterAll(async () => {
  await tracker?.stop();
});

/** A caller with a tenant of their own that has a public POC with a collaborator and a file. */
async function newCaller(name: string, base: ContractCall): Promise<ContractCaller> {
  const [method = '', template = ''] = name.split(' ');
  const features = { advanced_analytics: true, api_access: true };
  const tenant = await tracker.tenant({ features });
  await tracker.set(tenant.tenantId, { allowPublicPocs: true, enableCollaboration: true });
  const user = await tracker.user({ role: 'admin', tenant });
  const colleague = await tracker.user({ tenant });
  const pocId = await tracker.poc(user, { isPublic: true });
  const { token } = user;
  await tracker.call('PUT', `/pocs/${pocId}/collaborators/${colleague.userId}`, { token });
  const file = await tracker.upload(user, pocId, Buffer.from('content'));
  const ids: Record<string, string> = { pocId, userId: colleague.userId, fileId: file.data.id };
  const valid = template.replace(/\{(\w+)\}/g, (_match, id: string) => ids[id] ?? '');
  const send = async ({ path, body, query }: ContractCall) => {
    const parameters = new URLSearchParams(query).toString();
    const isFile = Buffer.isBuffer(body);
    const response = await fetch(`${tracker.url}${path ?? valid}?${parameters}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && {
          'content-type': isFile ? 'application/octet-stream' : 'application/json',
        }),
      },
      ...(body !== undefined && { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  };
  return { base, send };
}

describe('The OpenAPI document of the tracker', () => {
  it('has no operation that is neither run nor an exception', () => {
    const known = [...Object.keys(ROUTES), ...EXCEPTIONS];
    expect(known.sort()).toEqual([...contract.operations.keys()].sort());
  });

  it.each(Object.entries(ROUTES))('says what %s accepts and answers', async (name, base) => {
    expect(await contract.faultsOf(name, () => newCaller(name, base))).toEqual([]);
  });
});
