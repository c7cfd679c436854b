import { pollUntil } from '@poc-tracker/embedded';
import { afterAll, beforeAll, expect } from 'vitest';
import { type UserRecord, TrackerFixture } from './tracker.fixture.js';

export const DEADLINE_MS = 5_000;

/** The tracker of this spec file, after {@link useTracker}. */
export let tracker: TrackerFixture;

/** The status of an answer, and the code of a refusal. */
export async function outcome(
  user: UserRecord,
  method: string,
  path: string,
  body?: unknown,
): Promise<string> {
  const { status, error } = await tracker.call(method, path, { token: user.token, body });
  return status < 400 ? `${status}` : `${status} ${error.code}`;
}

/** Expects a value within the deadline. */
export async function eventually<T>(probe: () => Promise<T>, expected: T): Promise<void> {
  let last: T | undefined;
  await pollUntil(async () => {
    last = await probe();
    return JSON.stringify(last) === JSON.stringify(expected) || undefined;
  }, DEADLINE_MS);
  expect(last).toEqual(expected);
}

/** The body of an error apart from the id of its request. */
export function withoutId(bytes: Buffer): string {
  return bytes.toString().replace(/"requestId":"[^"]*"/, '');
}

/** Starts a tracker before the tests of the file and stops it after them. */
export function useTracker(): void {
  beforeAll(async () => {
    tracker = await TrackerFixture.start();
  });

  afterAll(async () => {
    await tracker?.stop();
  });
}
