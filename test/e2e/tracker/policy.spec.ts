import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ROUTE_POLICY } from '@poc-tracker/auth-kit';
import { ROLES, type Role } from '@poc-tracker/contracts';
import { createOpenApiDocument, operationsOf } from '@poc-tracker/http-service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_DESCRIPTION } from '../../../apps/poc-tracker/src/api-description.js';
import { type UserRecord, type TrackerCall, TrackerFixture } from './tracker.fixture.js';

type Caller = 'anonymous' | Role;

interface Scene {
  /** The caller; anonymous without a token. */
  caller: UserRecord;
  /** Belongs to a user with role user who is not the caller. */
  pocId: string;
  fileId: string;
  collaboratorId: string;
}

interface Cell {
  /** The callers that succeed. Others are refused: 401 without a token, 403 with one. */
  allowed: readonly Caller[];
  status: number;
  path?: (scene: Scene) => string;
  call?: (scene: Scene) => TrackerCall;
}

const CALLERS: readonly Caller[] = ['anonymous', ...ROLES];
const LOGGED_IN: readonly Caller[] = ROLES;
const MAKERS: readonly Caller[] = ['user', 'manager', 'admin'];
/** A route of a POC that another user created. */
const MANAGERS_AND_ADMINS: readonly Caller[] = ['manager', 'admin'];

const onPoc =
  (rest = '') =>
  ({ pocId }: Scene): string =>
    `/pocs/${pocId}${rest}`;
const onFile =
  (rest = '') =>
  ({ pocId, fileId }: Scene): string =>
    `/pocs/${pocId}/files/${fileId}${rest}`;
const onCollaborator = ({ pocId, collaboratorId }: Scene): string =>
  `/pocs/${pocId}/collaborators/${collaboratorId}`;
const titled = (): TrackerCall => ({ body: { title: 'Changed' } });

/** Who may call which route. Written by hand, because a table derived from the code would agree with every mistake. */
const MATRIX: Record<string, Cell> = {
  'GET /health': { allowed: CALLERS, status: 200 },
  'GET /health/live': { allowed: CALLERS, status: 200 },
  'GET /health/ready': { allowed: CALLERS, status: 200 },
  'POST /api/v1/pocs': { allowed: MAKERS, status: 201, call: titled },
  'GET /api/v1/pocs': { allowed: LOGGED_IN, status: 200 },
  'GET /api/v1/pocs/analytics': { allowed: MANAGERS_AND_ADMINS, status: 200 },
  'GET /api/v1/pocs/export': { allowed: LOGGED_IN, status: 200 },
  'GET /api/v1/pocs/{pocId}': { allowed: LOGGED_IN, status: 200, path: onPoc() },
  'PUT /api/v1/pocs/{pocId}': {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: onPoc(),
    call: titled,
  },
  'PATCH /api/v1/pocs/{pocId}': {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: onPoc(),
    call: titled,
  },
  'DELETE /api/v1/pocs/{pocId}': { allowed: MANAGERS_AND_ADMINS, status: 200, path: onPoc() },
  'GET /api/v1/pocs/{pocId}/collaborators': {
    allowed: LOGGED_IN,
    status: 200,
    path: onPoc('/collaborators'),
  },
  'PUT /api/v1/pocs/{pocId}/collaborators/{userId}': {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: onCollaborator,
  },
  'DELETE /api/v1/pocs/{pocId}/collaborators/{userId}': {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: onCollaborator,
  },
  'POST /api/v1/pocs/{pocId}/files': {
    allowed: MANAGERS_AND_ADMINS,
    status: 201,
    path: onPoc('/files?name=x'),
    call: () => ({ bytes: Buffer.from('x') }),
  },
  'GET /api/v1/pocs/{pocId}/files': { allowed: LOGGED_IN, status: 200, path: onPoc('/files') },
  'GET /api/v1/pocs/{pocId}/files/{fileId}': { allowed: LOGGED_IN, status: 200, path: onFile() },
  'GET /api/v1/pocs/{pocId}/files/{fileId}/content': {
    allowed: LOGGED_IN,
    status: 200,
    path: onFile('/content'),
  },
  'DELETE /api/v1/pocs/{pocId}/files/{fileId}': {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: onFile(),
  },
  // This stream does not end. The spec of its events shows that it opens for permitted callers.
  'GET /api/v1/pocs/{pocId}/events': { allowed: [], status: 200, path: onPoc('/events') },
  'GET /api/v1/public/pocs/{pocId}': {
    allowed: CALLERS,
    status: 200,
    path: ({ pocId }) => `/public/pocs/${pocId}`,
    call: ({ caller }) => ({ host: caller.host }),
  },
};

const EVERY_FEATURE = {
  real_time_dojos: true,
  video_generation: true,
  advanced_analytics: true,
  api_access: true,
};

let tracker: TrackerFixture;

beforeAll(async () => {
  tracker = await TrackerFixture.start();
});

afterAll(async () => {
  await tracker?.stop();
});

async function scene(role: Role, eventsAreOff: boolean): Promise<Scene> {
  const author = await tracker.user({
    features: { ...EVERY_FEATURE, real_time_dojos: !eventsAreOff },
  });
  await tracker.set(author.tenantId, { allowPublicPocs: true });
  const colleague = await tracker.user({ tenant: author });
  const pocId = await tracker.poc(author, { isPublic: true });
  const { data: file } = await tracker.upload(author, pocId, Buffer.from('x'));
  await tracker.call('PUT', `/pocs/${pocId}/collaborators/${colleague.userId}`, author);
  return {
    caller: await tracker.user({ tenant: author, role }),
    pocId,
    fileId: file.id,
    collaboratorId: colleague.userId,
  };
}

describe('The policy of the tracker', () => {
  it('is listed for every documented route and for no other', () => {
    const routes = operationsOf(createOpenApiDocument(tracker.app, API_DESCRIPTION));
    expect(Object.keys(MATRIX).sort()).toEqual(routes.map(({ name }) => name).sort());
  });

  describe.each(Object.entries(MATRIX))('of %s', (name, cell) => {
    const [method = '', template = ''] = name.split(' ');
    const isEvents = template.endsWith('/events');

    it.each(CALLERS)('answers %s as listed', async (caller) => {
      const current = await scene(caller === 'anonymous' ? 'user' : caller, isEvents);
      const token = caller === 'anonymous' ? undefined : current.caller.token;
      const path = cell.path?.(current) ?? template.replace('/api/v1', '');
      const answer = template.startsWith('/api/')
        ? await tracker.call(method, path, { ...cell.call?.(current), token })
        : { status: (await fetch(tracker.url + template)).status, error: { code: '' } };
      const code = answer.status < 400 ? '' : ` ${answer.error.code}`;
      expect(`${answer.status}${code}`).toBe(expected(cell, caller, isEvents));
    });
  });

  it('is declared by every handler, so that no route is open or closed by accident', () => {
    const silent: string[] = [];
    for (const { instance } of new DiscoveryService(
      tracker.app.get(ModulesContainer),
    ).getControllers()) {
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      for (const method of new MetadataScanner().getAllMethodNames(prototype)) {
        const handler = prototype[method] as object;
        if (!Reflect.hasMetadata(PATH_METADATA, handler)) continue;
        if (!Reflect.hasMetadata(ROUTE_POLICY, handler))
          silent.push(`${prototype.constructor.name}.${method}`);
      }
    }
    expect(silent).toEqual([]);
  });
});

function expected(cell: Cell, caller: Caller, isEvents: boolean): string {
  if (cell.allowed.includes(caller)) return `${cell.status}`;
  if (caller === 'anonymous') return '401 TOKEN_REQUIRED';
  return isEvents ? '403 FEATURE_NOT_AVAILABLE' : '403 INSUFFICIENT_PERMISSIONS';
}
