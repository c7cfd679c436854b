import { ApiProperty } from '@nestjs/swagger';
import { GIBIBYTE } from '@poc-tracker/contracts';
import type { TenantUsageRow } from '../tenant.repository.js';
import {
  LIMITED_RESOURCES,
  type LimitedResource,
  USAGE_LEVELS,
  type UsageLevel,
  usageLevel,
} from './tenant-usage.warnings.js';

/** The usage of a limit. */
export class UsageShare {
  @ApiProperty({ minimum: 0, example: 3 })
  used: number;

  @ApiProperty({ minimum: 0, example: 10 })
  limit: number;
}

class UsageWarning extends UsageShare {
  @ApiProperty({ enum: LIMITED_RESOURCES, example: 'users' })
  resource: LimitedResource;

  @ApiProperty({
    enum: USAGE_LEVELS,
    description: '`warning` from 80 % of the limit, `reached` from 100 %.',
    example: 'warning',
  })
  level: UsageLevel;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the usage reached this level. Null if that was not recorded.',
    example: '2026-11-24T08:00:00.000Z',
  })
  since: string | null;
}

/** The usage of a tenant. */
export class TenantUsageResponse {
  @ApiProperty({ type: UsageShare })
  users: UsageShare;

  @ApiProperty({ type: UsageShare, example: { used: 12, limit: 100 } })
  pocs: UsageShare;

  @ApiProperty({
    type: UsageShare,
    description: 'Files of all proofs of concept, in bytes.',
    example: { used: 48_300_112, limit: 5 * GIBIBYTE },
  })
  storageBytes: UsageShare;

  @ApiProperty({
    type: UsageWarning,
    isArray: true,
    description: 'The limits of which 80 % or more is used.',
  })
  warnings: UsageWarning[];
}

export function toTenantUsageResponse(row: TenantUsageRow): TenantUsageResponse {
  const users = { used: row.user_count, limit: row.max_users };
  const pocs = { used: row.poc_count, limit: row.max_pocs };
  const storage = { used: Number(row.storage_bytes), limit: row.max_storage_gb * GIBIBYTE };
  return {
    users,
    pocs,
    storageBytes: storage,
    warnings: warningsOf({ users, pocs, storage }, row.events),
  };
}

function warningsOf(
  shares: Record<LimitedResource, UsageShare>,
  events: TenantUsageRow['events'],
): UsageWarning[] {
  return LIMITED_RESOURCES.flatMap((resource) => {
    const { used, limit } = shares[resource];
    const level = usageLevel(used, limit);
    if (level === null) return [];
    const since = events[`${resource}.${level}`];
    return [{ resource, level, used, limit, since: since ? new Date(since).toISOString() : null }];
  });
}
