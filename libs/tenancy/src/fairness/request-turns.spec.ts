import { beforeEach, describe, expect, it } from 'vitest';
import { type ArrivedRequest, RequestTurns } from './request-turns.js';

let turns: RequestTurns;
let now: number;
let pending: (() => void)[];
let served: string[];

beforeEach(() => {
  now = 0;
  pending = [];
  served = [];
  turns = new RequestTurns(
    ({ authorization }) => {
      const [tenantId, userId] = authorization?.split(' ') ?? [];
      return tenantId && userId ? { tenantId, userId } : undefined;
    },
    (callback) => pending.push(callback),
    () => now,
  );
});

function enter(name: string, tenant: string, client = `client of ${tenant}`): void {
  arrive(name, {
    client: () => client,
    url: '/',
    headers: { 'x-tenant-id': tenant },
    isAbandoned: () => false,
  });
}

/** Of an authenticated user, from the one address of an office. */
function enterKnown(name: string, tenant: string, user: string): void {
  arrive(name, {
    client: () => 'office',
    url: '/',
    headers: { authorization: `${tenant} ${user}` },
    isAbandoned: () => false,
  });
}

function arrive(name: string, request: ArrivedRequest): void {
  turns.enter(request, (refusal) => {
    served.push(refusal === undefined ? name : `${name} ${refusal.code}`);
  });
}

/** The event loop turns until it has nothing to do. @returns what was served since the last call */
function turnLoop(): string[] {
  while (pending.length > 0) runCallbacks();
  return served.splice(0);
}

/** The event loop turns once. @returns as {@link turnLoop} does */
function turnOnce(): string[] {
  runCallbacks();
  return served.splice(0);
}

function runCallbacks(): void {
  for (const callback of pending.splice(0)) callback();
}

describe('A request', () => {
  it('starts at once if it is the only one in a turn of the event loop', () => {
    for (const name of ['a', 'b']) {
      enter(name, 'acme');
      expect(turnLoop()).toEqual([name]);
    }
  });

  it('starts in a later turn if another has started', () => {
    enter('a', 'acme');
    enter('b', 'acme');
    expect(served).toEqual(['a']);
    expect(turnLoop()).toEqual(['a', 'b']);
  });

  it.each([
    ['of one address', (index: number) => [`claimed ${index}`, 'hostile']],
    ['of many addresses for one tenant', (index: number) => ['acme', `client ${index}`]],
    ['of one address that name the tenant of others', () => ['globex', 'hostile']],
  ] as const)('starts before the third of hundreds %s', (_, groupsOf) => {
    for (let index = 0; index < 400; index += 1) {
      const [tenant = '', client] = groupsOf(index);
      enter(`a${index}`, tenant, client);
    }
    enter('b', 'globex');
    enter('b2', 'globex');
    const order = turnLoop();
    expect(order.indexOf('b')).toBeLessThanOrEqual(2);
    expect(order.filter((name) => name.startsWith('a'))).toHaveLength(400);
  });

  it('that arrives later starts before those that have waited for more than one round', () => {
    for (let index = 0; index < 10; index += 1) enter(`a${index}`, 'acme');
    for (let turn = 0; turn < 5; turn += 1) turnOnce();
    enter('b', 'globex');
    expect(turnLoop().slice(0, 2)).toEqual(['b', 'a6']);
  });

  it('waits for those that came before it, however often its tenant has been served', () => {
    enter('first', 'globex');
    for (const name of ['b0', 'b1', 'b2']) enter(name, 'globex');
    const order = turnOnce();
    for (let index = 0; index < 4; index += 1) {
      enter(`a${index}`, 'acme');
      order.push(...turnOnce());
    }
    expect([...order, ...turnLoop()]).toEqual([
      ...['first', 'b0', 'a0', 'b1', 'a1', 'b2', 'a2', 'a3'],
    ]);
  });

  it('is refused if 500 of its client wait, and one of another client for the same tenant is not', () => {
    for (let index = 0; index < 502; index += 1) enter(`a${index}`, 'acme', 'hostile');
    enter('b', 'acme', 'another client');
    expect(turnLoop().slice(0, 4)).toEqual(['a0', 'a1', 'a501 SERVICE_BUSY', 'b']);
  });

  it('takes the place of one of a client with many if 2,000 wait', () => {
    for (let index = 0; index < 2_001; index += 1)
      enter(`a${index}`, 'acme', `192.0.2.${index % 4}`);
    enter('b', 'globex');
    const order = turnLoop();
    expect(order.slice(0, 4)).toEqual(['a0', 'a1', 'a2000 SERVICE_BUSY', 'b']);
    expect(new Set(order).size).toBe(2_002);
  });

  it.each(['/health/live', '/health/ready?x=1'])(
    'starts in the next turn if it is a health check: %s',
    (url) => {
      const waiting = { headers: { 'x-tenant-id': 'acme' }, isAbandoned: () => false };
      for (let index = 0; index < 400; index += 1)
        arrive(`a${index}`, { ...waiting, url: '/health', client: () => `client ${index}` });
      arrive('check', { ...waiting, url, client: () => 'client 0' });
      expect(turnOnce()).toEqual(['a0', 'a1', 'check']);
    },
  );

  it('is refused if requests of 2,000 clients wait', () => {
    for (let index = 0; index < 2_002; index += 1) enter(`${index}`, 'acme', `client ${index}`);
    const order = turnLoop();
    expect(order.slice(0, 3)).toEqual(['0', '1', '2001 SERVICE_BUSY']);
    expect(order).toHaveLength(2_002);
  });

  it('is refused in a turn of its own, so that hundreds of refusals delay no other request', () => {
    for (let index = 0; index < 1_000; index += 1) enter(`a${index}`, 'acme', 'hostile');
    expect(served).toEqual(['a0']);
    enter('b', 'globex');
    expect(turnOnce()).toEqual(['a0', 'a1', 'a501 SERVICE_BUSY']);
    expect(turnOnce()).toEqual(['b', 'a502 SERVICE_BUSY']);
    expect(turnLoop()).toHaveLength(1_000 + 1 - 5);
  });

  it('is refused at once if as many wait for their refusal, which are those of clients that are still there', () => {
    const of = (isAbandoned: boolean) => ({
      client: () => 'hostile',
      url: '/',
      headers: { 'x-tenant-id': 'acme' },
      isAbandoned: () => isAbandoned,
    });
    for (let index = 0; index < 2_501; index += 1) arrive(`a${index}`, of(index % 2 === 0));
    expect(served).toEqual(['a0']);
    arrive('late', of(false));
    expect(served.splice(0)).toEqual(['a0', 'late SERVICE_BUSY']);
    expect(turnOnce()).toEqual(['a1', 'a501 SERVICE_BUSY']);
    expect(turnOnce()).toEqual(['a3', 'a503 SERVICE_BUSY']);
  });

  it('takes no turn if its client is gone', () => {
    enter('a', 'acme');
    const gone = { client: () => 'gone', url: '/', headers: {}, isAbandoned: () => true };
    arrive('gone', gone);
    enter('b', 'acme');
    expect(turnOnce()).toEqual(['a', 'b']);
  });

  it('is refused if it has waited for more than five seconds', () => {
    enter('a', 'acme');
    enter('b', 'acme');
    now = 5_001;
    enter('c', 'acme');
    expect(turnLoop()).toEqual(['a', 'b SERVICE_BUSY', 'c']);
  });
});

describe('A request of a user who was authenticated before', () => {
  it('waits for one stranger, however many addresses have sent requests', () => {
    for (let index = 0; index < 400; index += 1) enter(`a${index}`, 'acme', `client ${index}`);
    enterKnown('b', 'globex', 'ana');
    enterKnown('c', 'globex', 'ben');
    expect(turnLoop().slice(0, 5)).toEqual(['a0', 'a1', 'b', 'a2', 'c']);
  });

  it('does not wait for strangers at its own address, not even if they name its tenant', () => {
    for (let index = 0; index < 400; index += 1) enter(`a${index}`, 'globex', 'office');
    enterKnown('b', 'globex', 'ana');
    expect(turnLoop().slice(0, 3)).toEqual(['a0', 'a1', 'b']);
  });

  it('waits for one of each other tenant, however many users that has', () => {
    for (let index = 0; index < 400; index += 1) enterKnown(`a${index}`, 'acme', `user ${index}`);
    for (let index = 0; index < 10; index += 1) enterKnown(`b${index}`, 'globex', 'ana');
    enterKnown('c', 'initech', 'ben');
    expect(turnLoop().slice(0, 6)).toEqual(['a0', 'a1', 'b0', 'c', 'a2', 'b1']);
  });

  it('starts in the same turn of the event loop as those of three other tenants', () => {
    enter('a', 'acme');
    for (const tenant of ['b', 'c', 'd', 'e', 'f'])
      for (const round of [1, 2]) enterKnown(`${tenant}${round}`, tenant, 'ana');
    expect(turnOnce()).toEqual(['a', 'b1', 'c1', 'd1', 'e1']);
    expect(turnOnce()).toEqual(['f1', 'b2', 'c2', 'd2']);
    expect(turnOnce()).toEqual(['e2', 'f2']);
  });

  it('waits for one of each other user of its tenant', () => {
    for (let index = 0; index < 400; index += 1) enterKnown(`a${index}`, 'acme', 'hostile');
    enterKnown('b', 'acme', 'ana');
    expect(turnLoop().slice(0, 3)).toEqual(['a0', 'a1', 'b']);
  });

  it('takes the place of one of the longest queue if 2,000 wait', () => {
    for (let index = 0; index < 2_001; index += 1) enter(`a${index}`, 'acme', `client ${index}`);
    enterKnown('b', 'globex', 'ana');
    expect(turnLoop().slice(0, 4)).toEqual(['a0', 'a1', 'b', 'a2000 SERVICE_BUSY']);
  });

  it('is refused if 500 of the user wait, whatever the others of the tenant do', () => {
    for (let index = 0; index < 502; index += 1) enterKnown(`a${index}`, 'acme', 'hostile');
    enterKnown('b', 'acme', 'ana');
    expect(turnLoop().slice(0, 4)).toEqual(['a0', 'a1', 'a501 SERVICE_BUSY', 'b']);
  });
});
