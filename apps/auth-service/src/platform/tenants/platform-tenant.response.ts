import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import { type Plan, PLANS, TENANT_STATUSES, type TenantStatus } from '@poc-tracker/contracts';

const GIBIBYTE = 1_073_741_824;

class PlatformUsageShare {
  @ApiProperty({ minimum: 0, example: 3 })
  used: number;

  @ApiProperty({ minimum: 0, example: 10 })
  limit: number;
}

/** What a tenant uses of its limits, as an operator sees it. */
export class PlatformUsageResponse {
  @ApiProperty({ type: PlatformUsageShare })
  users: PlatformUsageShare;

  @ApiProperty({ type: PlatformUsageShare, example: { used: 12, limit: 100 } })
  pocs: PlatformUsageShare;

  @ApiProperty({
    type: PlatformUsageShare,
    description: 'Files of all proofs of concept, in bytes.',
    example: { used: 48_300_112, limit: 5 * GIBIBYTE },
  })
  storageBytes: PlatformUsageShare;
}

/** A tenant in a list of operators. */
export class PlatformTenantSummary {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ example: 'Acme Ltda' })
  name: string;

  @ApiProperty({ example: 'acme' })
  subdomain: string;

  @ApiProperty({ enum: PLANS, example: 'basic' })
  planType: Plan;

  @ApiProperty({ enum: TENANT_STATUSES, example: 'active' })
  status: TenantStatus;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  subscriptionEndsAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;
}

/** A tenant as operators see it: what it is and uses, and nothing of what is inside. */
export class PlatformTenantResponse extends PlatformTenantSummary {
  @ApiProperty({ description: "True for the operators' own tenant.", example: false })
  isPlatform: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it is in its state.',
    example: null,
  })
  statusReason: string | null;

  @ApiProperty({ type: String, format: 'email', nullable: true, example: null })
  billingEmail: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  deletedAt: Date | null;

  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt: Date;

  @ApiProperty({ type: PlatformUsageResponse })
  usage: PlatformUsageResponse;
}

export class PlatformTenantPage {
  @ApiProperty({ type: PlatformTenantSummary, isArray: true })
  items: PlatformTenantSummary[];

  @NextCursor()
  nextCursor: string | null;
}

/** A new tenant and what its first admin logs in with. */
export class CreatedTenantResponse {
  @ApiProperty({ type: PlatformTenantResponse })
  tenant: PlatformTenantResponse;

  @ApiProperty({ format: 'email', example: 'admin@initech.example' })
  adminEmail: string;

  @ApiProperty({
    description: 'Told here once; it must be changed at the first log-in.',
    example: 'Zm9vYmFyLXRlbXBvcmFyeQ',
  })
  temporaryPassword: string;
}

/** A purge that has begun; the rows go after the answer. */
export class PurgeStartedResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  tenantId: string;

  @ApiProperty({ enum: ['purging'], example: 'purging' })
  status: 'purging';
}

/** bigint arrives as text. */
export interface PlatformTenantRow extends PlatformTenantSummary {
  isPlatform: boolean;
  statusReason: string | null;
  billingEmail: string | null;
  deletedAt: Date | null;
  updatedAt: Date;
  userCount: number | null;
  pocCount: number | null;
  storageBytes: string | null;
  maxUsers: number;
  maxPocs: number;
  maxStorageGb: number;
}

/** A tenant that is being purged has lost its counts. */
export function toPlatformTenant(row: PlatformTenantRow): PlatformTenantResponse {
  const { userCount, pocCount, storageBytes, maxUsers, maxPocs, maxStorageGb, ...tenant } = row;
  return {
    ...tenant,
    usage: {
      users: { used: userCount ?? 0, limit: maxUsers },
      pocs: { used: pocCount ?? 0, limit: maxPocs },
      storageBytes: { used: Number(storageBytes ?? 0), limit: maxStorageGb * GIBIBYTE },
    },
  };
}
