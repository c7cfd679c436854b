import { describe, expect, it } from 'vitest';
import { RequestLifetime } from './request-lifetime.js';

describe('the signal of a request', () => {
  const gone = new Error('The client closed the connection.');

  it('is aborted with the request, for the same reason', async () => {
    const lifetime = new RequestLifetime();
    const { signal } = lifetime;
    expect(signal.aborted).toBe(false);
    await lifetime.abort(gone);
    expect(signal).toMatchObject({ aborted: true, reason: gone });
    await lifetime.abort(new Error('later'));
    expect(lifetime.signal).toMatchObject({ aborted: true, reason: gone });
  });

  it('is aborted already if it is read after the request was', async () => {
    const lifetime = new RequestLifetime();
    await lifetime.abort(gone);
    expect(lifetime.signal).toMatchObject({ aborted: true, reason: gone });
  });
});
