import { ApiProperty } from '@nestjs/swagger';
import type { TenantUsageRow } from './tenant.repository.js';

const GIBIBYTE = 1_073_741_824;

/** What is used of a limit. */
export class UsageShare {
  @ApiProperty({ minimum: 0, example: 3 })
  used: number;

  @ApiProperty({ minimum: 0, example: 10 })
  limit: number;
}

/** What a tenant uses of everything that its plan limits. */
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
}

export function toTenantUsageResponse(row: TenantUsageRow): TenantUsageResponse {
  return {
    users: { used: row.user_count, limit: row.max_users },
    pocs: { used: row.poc_count, limit: row.max_pocs },
    storageBytes: { used: Number(row.storage_bytes), limit: row.max_storage_gb * GIBIBYTE },
  };
}
