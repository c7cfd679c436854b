import { createOpenApiDocument } from '@poc-tracker/http-service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_DESCRIPTION } from '../../apps/poc-tracker/src/api-description.js';
import { TrackerFixture } from '../e2e/tracker/tracker.fixture.js';
import { type ContractCall, ContractRun } from './contract-run.js';

const POC = { title: 'An oven' };

/** The routes that take JSON or a query, each with a body that is accepted. */
const ROUTES: Record<string, unknown> = {
  'GET /api/v1/pocs': undefined,
  'POST /api/v1/pocs': POC,
  'GET /api/v1/pocs/{pocId}': undefined,
  'PUT /api/v1/pocs/{pocId}': POC,
  'PATCH /api/v1/pocs/{pocId}': POC,
  'GET /api/v1/pocs/analytics': undefined,
  'GET /api/v1/pocs/{pocId}/collaborators': undefined,
  'GET /api/v1/pocs/{pocId}/files': undefined,
};

let tracker: TrackerFixture;
let contract: ContractRun;

beforeAll(async () => {
  tracker = await TrackerFixture.start();
  contract = new ContractRun(createOpenApiDocument(tracker.app, API_DESCRIPTION));
});

afterAll(async () => {
  await tracker?.stop();
});

describe('The OpenAPI document of the tracker', () => {
  it.each(Object.entries(ROUTES))('says what %s accepts and answers', async (name, body) => {
    const user = await tracker.user({ role: 'admin', features: { advanced_analytics: true } });
    const pocId = await tracker.poc(user);
    const [method = '', template = ''] = name.split(' ');
    const send = async ({ path, ...call }: ContractCall) => {
      const query = new URLSearchParams(call.query).toString();
      const url = (path ?? template.replace('{pocId}', pocId)) + (query && `?${query}`);
      const response = await fetch(tracker.url + url, {
        method,
        headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      });
      return { status: response.status, text: await response.text() };
    };
    expect(await contract.faultsOf(name, body, send)).toEqual([]);
  });
});
