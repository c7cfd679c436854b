import { API_DESCRIPTION } from '../../apps/auth-service/src/api-description.js';
import { type RoutePolicy, ROUTE_POLICY } from '@poc-tracker/auth-kit';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOpenApiDocument, operationsOf } from '@poc-tracker/http-service';
import { type Caller, CALLERS, type Cell, MATRIX } from './policy-matrix.table.js';
import { PolicyScenes } from './policy-matrix.scene.js';
import type { ServiceFixture } from './service.fixture.js';

let scenes: PolicyScenes;
let service: ServiceFixture;

beforeAll(async () => {
  scenes = await PolicyScenes.start();
  ({ service } = scenes);
});

afterAll(async () => {
  await service.stop();
});

/** The code of a refusal. OAuth routes have no `code`: theirs is `error`. */
function codeOf({ code, error }: { code?: string; error: string }): string {
  return code ?? error;
}

/** What a caller gets whom the policy does not allow to call the route. */
function refusalOf(caller: Caller): string {
  return caller === 'anonymous' ? '401 TOKEN_REQUIRED' : '403 INSUFFICIENT_PERMISSIONS';
}

function expectedOutcome(cell: Cell, caller: Caller): string {
  const { status, code, asOperator } = cell;
  if (caller === 'operator' && asOperator !== undefined) return asOperator;
  if (cell.allowed.includes(caller)) return code === undefined ? `${status}` : `${status} ${code}`;
  return refusalOf(caller);
}

describe('The policy of the service', () => {
  it('is listed for every documented route and for no other', () => {
    const routes = operationsOf(createOpenApiDocument(service.app, API_DESCRIPTION)).map(
      ({ name }) => name,
    );
    expect(Object.keys(MATRIX).sort()).toEqual(routes.sort());
  });

  describe.each(Object.entries(MATRIX))('of %s', (name, cell) => {
    const [method = '', template = ''] = name.split(' ');

    const isPlatform = template.startsWith('/api/v1/platform/');

    it.each(isPlatform ? [...CALLERS, 'operator' as const] : CALLERS)(
      'answers %s as listed',
      async (caller) => {
        const expected = expectedOutcome(cell, caller);
        const current =
          expected === refusalOf(caller)
            ? await scenes.sceneOfRefusals(caller)
            : await scenes.createScene(caller, cell.target, template.includes('/auth/factors'));
        const body = cell.body?.(current);
        const response = await service.app.inject({
          method: method as 'GET',
          url: cell.path?.(current) ?? template,
          headers: {
            host: current.host,
            ...(caller !== 'anonymous' && {
              authorization: `Bearer ${current.login.tokens.accessToken}`,
            }),
          },
          ...(body !== undefined && { payload: body as object }),
        });
        const code = response.statusCode < 400 ? '' : ` ${codeOf(response.json())}`;
        expect(`${response.statusCode}${code}`).toBe(expected);
      },
    );
  });

  it('is declared by every handler, so that no route is open or closed by accident', () => {
    const silent: string[] = [];
    for (const { instance } of new DiscoveryService(
      service.app.get(ModulesContainer),
    ).getControllers()) {
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      for (const method of new MetadataScanner().getAllMethodNames(prototype)) {
        const handler = prototype[method] as object;
        if (!Reflect.hasMetadata(PATH_METADATA, handler)) continue;
        const policy = Reflect.getMetadata(ROUTE_POLICY, handler) as RoutePolicy | undefined;
        if (policy === undefined) silent.push(`${prototype.constructor.name}.${method}`);
      }
    }
    expect(silent).toEqual([]);
  });
});
