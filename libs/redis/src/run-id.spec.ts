import { describe, expect, it, vi } from 'vitest';
import { readRunId } from './run-id.js';

const clientWith = (info: () => Promise<string>) => ({
  info: vi.fn(info),
  disconnect: vi.fn<(reconnect?: boolean) => void>(),
});

describe('The run id of a Redis server', () => {
  it('is read from INFO', async () => {
    const client = clientWith(() => Promise.resolve('# Server\r\nrun_id:0a1b\r\nport:6379\r\n'));
    expect(await readRunId(client)).toBe('0a1b');
    expect(client.disconnect).not.toHaveBeenCalled();
  });

  it('is not asked for again if an ACL denies INFO', async () => {
    const denied = new Error("NOPERM this user has no permissions to run the 'info' command");
    const client = clientWith(() => Promise.reject(denied));
    await expect(readRunId(client)).rejects.toBe(denied);
    expect(client.disconnect).not.toHaveBeenCalled();
  });

  it.each([
    'BUSY Redis is busy running a script.',
    'LOADING Redis is loading the dataset in memory',
    'Command timed out',
  ])('is asked for again on a new connection after the error %j', async (message) => {
    const client = clientWith(() => Promise.reject(new Error(message)));
    expect(await readRunId(client)).toBeUndefined();
    expect(client.disconnect).toHaveBeenCalledExactlyOnceWith(true);
  });
});
