import { ApiError } from '@poc-tracker/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEdge, type Edge } from '../edge.fixture.js';
import type { RequestTurns } from './in-turn.js';

type Arrival = Parameters<RequestTurns['enter']>;

/** More than the turns of the event loop without a new request after which a service that stops refuses further ones. */
const WAITING = 50;

let edge: Edge;
let arrivals: Arrival[];
/** What the test does with a request that arrives. */
let onArrival: (start: Arrival[1]) => void;

beforeEach(async () => {
  arrivals = [];
  onArrival = (start) => {
    start();
  };
  edge = await createEdge({
    trustedProxies: ['127.0.0.1'],
    turns: {
      enter: (...arrival) => {
        arrivals.push(arrival);
        onArrival(arrival[1]);
      },
    },
  });
  await edge.app.listen(0, '127.0.0.1');
});

afterEach(() => edge.app.close());

const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${await edge.app.getUrl()}${path}`, { headers });

describe('A request', () => {
  it('arrives with the address of its client, before anything but its headers is read', async () => {
    const { status } = await get('/health?a=1', {
      'x-forwarded-for': '203.0.113.9:51234',
      'x-tenant-id': 'acme',
    });
    expect(status).toBe(200);
    expect(arrivals.map(([request]) => ({ ...request, client: request.client() }))).toEqual([
      {
        client: '203.0.113.9',
        url: '/health?a=1',
        headers: expect.objectContaining({ 'x-tenant-id': 'acme' }) as object,
        isAbandoned: expect.any(Function) as () => boolean,
      },
    ]);
  });

  it('that gets no turn is refused in the format of the API, and logged', async () => {
    onArrival = (start) => {
      start(new ApiError('SERVICE_BUSY', { retryAfter: 1 }));
    };
    const response = await get('/health');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    const { code, requestId } = (await response.json()) as Record<string, unknown>;
    expect(code).toBe('SERVICE_BUSY');
    expect(response.headers.get('x-request-id')).toBe(requestId);
    expect(edge.logged.filter((line) => line['requestId'] === requestId)).not.toEqual([]);
  });

  it('that waits for its turn when the service is told to stop is answered', async () => {
    const waiting: (() => void)[] = [];
    const arrived = new Promise<void>((resolve) => {
      onArrival = (start) => {
        waiting.push(start);
        if (waiting.length === WAITING) resolve();
      };
    });
    const answers = Array.from({ length: WAITING }, () => get('/health'));
    await arrived;
    const stopped = edge.app.close();
    const startNext = (): void => {
      waiting.shift()?.();
      if (waiting.length > 0) setImmediate(startNext);
    };
    startNext();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(WAITING);
    await stopped;
  });
});
