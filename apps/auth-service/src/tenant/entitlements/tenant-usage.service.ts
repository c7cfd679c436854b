import { Injectable } from '@nestjs/common';
import { inTime } from '@poc-tracker/redis';
import { RedisConnection } from '../../redis/redis.connection.js';
import { CURSOR_MS, mirrorCursorKey, tenantSessionsKey } from '../../redis/session-keys.js';
import { TenantRepository } from '../tenant.repository.js';
import { TenantService } from '../tenant.service.js';
import type { TenantUsageResponse } from './tenant-usage.response.js';

/** The mirror stores its position each second. An older one means that no process writes it, or that it is late. */
const LONGEST_DELAY_MS = 5_000;

/** The request has a connection to PostgreSQL while it waits. */
const ANSWER_MS = 200;

/** What a tenant uses, in the transaction of the request. */
@Injectable()
export class TenantUsageService {
  constructor(
    private readonly tenants: TenantService,
    private readonly repository: TenantRepository,
    private readonly connection: RedisConnection,
  ) {}

  /**
   * The usage with the number of active sessions. It comes from the mirror of sessions in Redis, at a cost that hardly grows with
   * their number; without Redis, or if the mirror is incomplete or more than five seconds late, from PostgreSQL.
   * @throws ApiError INVALID_TENANT if the tenant was deleted.
   */
  async current(tenantId: string): Promise<TenantUsageResponse> {
    const limited = await this.tenants.usage();
    const activeSessions =
      (await this.countMirrored(tenantId)) ?? (await this.repository.countActiveSessions());
    return { ...limited, activeSessions };
  }

  private async countMirrored(tenantId: string): Promise<number | undefined> {
    const { client } = this.connection;
    if (client?.status !== 'ready') return undefined;
    const { source, now } = await this.repository.mirrorTime();
    try {
      const answer = client
        .multi()
        .pttl(mirrorCursorKey(source))
        .zcount(tenantSessionsKey(tenantId), `(${now}`, '+inf')
        .exec();
      const [position, sessions] = (await inTime(answer, ANSWER_MS)) ?? [];
      const fresh = Number(position?.[1]) >= CURSOR_MS - LONGEST_DELAY_MS;
      return fresh && typeof sessions?.[1] === 'number' ? sessions[1] : undefined;
    } catch {
      return undefined;
    }
  }
}
