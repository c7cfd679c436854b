import { beforeEach, describe, expect, it } from 'vitest';
import { RequestRounds, type WaitingRequest } from './request-rounds.js';

interface Named extends WaitingRequest {
  name: string;
}

let rounds: RequestRounds<Named>;

beforeEach(() => {
  rounds = new RequestRounds();
});

function add(name: string, client: string, isAbandoned = false): void {
  rounds.add({ name, client, tenant: 'acme', enteredAt: 0, isAbandoned: () => isAbandoned });
}

function takeAll(): string[] {
  const names: string[] = [];
  for (let request = rounds.take(); request !== undefined; request = rounds.take())
    names.push(request.name);
  return names;
}

describe('RequestRounds', () => {
  it('takes one request of each client in a round', () => {
    for (const name of ['a1', 'a2', 'a3']) add(name, 'a');
    add('b1', 'b');
    add('c1', 'c');
    add('c2', 'c');
    expect(rounds.size).toBe(6);
    expect(takeAll()).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
    expect([rounds.size, rounds.clientCount]).toEqual([0, 0]);
  });

  it('passes over the requests of clients that are gone', () => {
    add('gone', 'a', true);
    add('b', 'b');
    expect(takeAll()).toEqual(['b']);
    expect(rounds.size).toBe(0);
  });

  it('makes room for a client by a request of a later round only', () => {
    add('a1', 'a');
    add('b1', 'b');
    expect(rounds.removeAfter('new')).toBeUndefined();
    add('a2', 'a');
    add('a3', 'a');
    expect(rounds.removeAfter('b')?.name).toBe('a3');
    expect(rounds.removeAfter('b')).toBeUndefined();
    expect(rounds.removeAfter('new')?.name).toBe('a2');
    expect(takeAll()).toEqual(['a1', 'b1']);
  });

  it('remembers no client whose last request was removed, however long others wait', () => {
    for (let index = 0; index < 10; index += 1) add(`first ${index}`, `first ${index}`);
    for (let index = 0; index < 100; index += 1) {
      add(`${index}`, `client ${index}`);
      expect(rounds.removeLast()?.name).toBe(`${index}`);
    }
    expect([rounds.size, rounds.clientCount]).toEqual([10, 10]);
  });

  it('gives a client whose request was removed its turn in the same round again', () => {
    add('a', 'a');
    add('b', 'b');
    rounds.removeLast();
    add('b again', 'b');
    add('a2', 'a');
    expect(takeAll()).toEqual(['a', 'b again', 'a2']);
  });
});
