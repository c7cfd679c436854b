import { describe, expect, it, vi } from 'vitest';
import { boundedStream } from './bounded-stream.js';

/** Pages that are made when they are asked for. */
function pagesOf(count: number, page = 'page') {
  const state = { made: 0, closed: false };
  async function* make(): AsyncGenerator<string> {
    try {
      for (; state.made < count; state.made += 1) yield await Promise.resolve(page);
    } finally {
      state.closed = true;
    }
  }
  return { state, pages: make() };
}

describe('boundedStream', () => {
  it('passes on all pages, and calls back once at the end', async () => {
    const free = vi.fn();
    const long = 'é'.repeat(200_000);
    const read: string[] = [];
    for await (const part of boundedStream(pagesOf(3, long).pages, free)) read.push(String(part));
    expect(read.join('')).toBe(long.repeat(3));
    expect(Math.max(...read.map(({ length }) => length))).toBe(64 * 1024);
    await vi.waitFor(() => expect(free).toHaveBeenCalledTimes(1));
  });

  it('reads no further page while the client reads nothing, and ends with its connection', async () => {
    const free = vi.fn();
    const { state, pages } = pagesOf(1_000);
    const stream = boundedStream(pages, free);
    stream.read();
    await vi.waitFor(() => expect(stream.readableLength).toBe(1));
    expect(state.made).toBeLessThan(3);
    stream.destroy();
    await vi.waitFor(() => expect([state.closed, free.mock.calls.length]).toEqual([true, 1]));
  });
});
