import type { Redis } from 'ioredis';

/**
 * Reads the run id of the server, which is a new one after each start: it tells apart two servers that hold the same data.
 * @returns undefined if the server gives none now, for example because it is busy with a script. The connection is then made
 *   again, and its next `ready` event is the time to ask again.
 * @throws Error NOPERM if an ACL denies INFO. It would deny it on the next connection as well.
 */
export async function readRunId(
  client: Pick<Redis, 'info' | 'disconnect'>,
): Promise<string | undefined> {
  try {
    return /^run_id:(\w+)/m.exec(await client.info('server'))?.[1];
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) throw error;
    client.disconnect(true);
    return undefined;
  }
}
