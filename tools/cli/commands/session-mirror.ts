import type { PlatformDatabase } from '@poc-tracker/tenancy';
import type { RedisConnection } from '../../../apps/auth-service/src/redis/redis.connection.js';
import { rebuildMirror } from '../../../apps/auth-service/src/session/mirror/mirror-rebuild.js';
import { SessionMirrorRepository } from '../../../apps/auth-service/src/session/mirror/session-mirror.repository.js';
import { misuse } from '../cli.error.js';

/** @throws CliError if Redis cannot be reached */
export async function rebuildSessionMirror(
  platform: PlatformDatabase,
  { client }: Pick<RedisConnection, 'client'>,
  deadlineMs: number,
): Promise<void> {
  if (client === undefined) throw misuse('REDIS_URL is not set.');
  await client.connect().catch((error: Error) => {
    throw misuse(`Redis is unreachable: ${error.message}`);
  });
  await rebuildMirror(new SessionMirrorRepository(platform), client, deadlineMs);
}
