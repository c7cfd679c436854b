import { createOpenApiDocument } from '@poc-tracker/http-service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_DESCRIPTION } from '../../apps/auth-service/src/api-description.js';
import { PolicyScenes } from '../e2e/policy-matrix.scene.js';
import { MATRIX } from '../e2e/policy-matrix.table.js';
import { type ContractCall, ContractRun } from './contract-run.js';

let scenes: PolicyScenes;
let contract: ContractRun;

beforeAll(async () => {
  scenes = await PolicyScenes.start();
  contract = new ContractRun(createOpenApiDocument(scenes.service.app, API_DESCRIPTION));
});

afterAll(async () => {
  await scenes.service.stop();
});

/** OAuth routes take forms and answer in a format of their own, which their specs cover. */
const ROUTES = Object.entries(MATRIX).filter(([name]) => !name.includes('/oauth/'));

describe('The OpenAPI document of the service', () => {
  it.each(ROUTES)('says what %s accepts and answers', async (name, cell) => {
    const caller = cell.allowed.at(-1) ?? 'anonymous';
    const scene = await scenes.createScene(caller, cell.target);
    const [method = '', template = ''] = name.split(' ');
    const send = async ({ path, body, query }: ContractCall) => {
      const { statusCode, payload } = await scenes.service.app.inject({
        method: method as 'GET',
        url: path ?? cell.path?.(scene) ?? template,
        headers: {
          host: scene.host,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(caller !== 'anonymous' && {
            authorization: `Bearer ${scene.login.tokens.accessToken}`,
          }),
        },
        ...(query !== undefined && { query }),
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      });
      return { status: statusCode, text: payload };
    };
    expect(await contract.faultsOf(name, cell.body?.(scene), send)).toEqual([]);
  });
});
