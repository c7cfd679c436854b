import { ApiProperty } from '@nestjs/swagger';
import { GIBIBYTE, type TenantLimits, type TenantUsage, toStorageGb } from '@poc-tracker/contracts';
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
    type: UsageShare,
    description: 'The same in GiB, rounded to six decimals.',
    example: { used: 0.044983, limit: 5 },
  })
  storageGb: UsageShare;

  @ApiProperty({
    minimum: 0,
    description:
      'Sessions that have not ended, of all users, at most a few seconds ago. No plan limits them.',
    example: 7,
  })
  activeSessions: number;

  @ApiProperty({
    description: 'False if the usage exceeds a limit, as after a change to a smaller plan.',
    example: true,
  })
  withinLimits: boolean;

  @ApiProperty({
    type: UsageWarning,
    isArray: true,
    description: 'The limits of which 80 % or more is used.',
  })
  warnings: UsageWarning[];
}

/** The usage of what a plan limits, with warnings. */
export type LimitedUsage = Omit<TenantUsageResponse, 'activeSessions'>;

export function toLimitedUsage(row: TenantUsageRow): LimitedUsage {
  const shares = toUsageShares(
    { users: row.user_count, pocs: row.poc_count, storageBytes: Number(row.storage_bytes) },
    { maxUsers: row.max_users, maxPocs: row.max_pocs, maxStorageGb: row.max_storage_gb },
  );
  const { users, pocs, storageBytes: storage } = shares;
  return { ...shares, warnings: warningsOf({ users, pocs, storage }, row.events) };
}

/** The usage of each limit. */
export function toUsageShares(
  usage: TenantUsage,
  limits: TenantLimits,
): Omit<LimitedUsage, 'warnings'> {
  const users = { used: usage.users, limit: limits.maxUsers };
  const pocs = { used: usage.pocs, limit: limits.maxPocs };
  const storageBytes = { used: usage.storageBytes, limit: limits.maxStorageGb * GIBIBYTE };
  const storageGb = { used: toStorageGb(usage.storageBytes), limit: limits.maxStorageGb };
  const withinLimits = [users, pocs, storageBytes].every(({ used, limit }) => used <= limit);
  return { users, pocs, storageBytes, storageGb, withinLimits };
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
