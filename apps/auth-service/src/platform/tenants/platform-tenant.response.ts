import { ApiProperty, IntersectionType, OmitType, PickType } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import {
  TenantUsageResponse,
  toUsageShares,
} from '../../tenant/entitlements/tenant-usage.response.js';
import { TenantResponse } from '../../tenant/tenant.response.js';

/** The usage of a tenant as an operator sees it. */
export class PlatformUsageResponse extends OmitType(TenantUsageResponse, [
  'warnings',
  'activeSessions',
]) {}

/** A tenant in the list of an operator. */
export class PlatformTenantSummary extends PickType(TenantResponse, [
  'id',
  'name',
  'subdomain',
  'planType',
  'status',
  'subscriptionEndsAt',
  'createdAt',
]) {}

/** A tenant as operators see it: its status and its usage, and none of its data. */
export class PlatformTenantResponse extends IntersectionType(
  PlatformTenantSummary,
  PickType(TenantResponse, ['updatedAt']),
) {
  @ApiProperty({ description: 'Whether it is the tenant of the operators.', example: false })
  isPlatform: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The reason of its current status.',
    example: null,
  })
  statusReason: string | null;

  @ApiProperty({ type: String, format: 'email', nullable: true, example: null })
  billingEmail: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  deletedAt: Date | null;

  @ApiProperty({ type: PlatformUsageResponse })
  usage: PlatformUsageResponse;
}

export class PlatformTenantPage {
  @ApiProperty({ type: PlatformTenantSummary, isArray: true })
  items: PlatformTenantSummary[];

  @NextCursor()
  nextCursor: string | null;
}

/** A new tenant and the credentials of its first admin. */
export class CreatedTenantResponse {
  @ApiProperty({ type: PlatformTenantResponse })
  tenant: PlatformTenantResponse;

  @ApiProperty({ format: 'email', example: 'admin@initech.example' })
  adminEmail: string;

  @ApiProperty({
    description: 'Returned only once. The admin must change it at the first log-in.',
    example: 'Zm9vYmFyLXRlbXBvcmFyeQ',
  })
  temporaryPassword: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'When the password expires, unless the admin changes it.',
    example: '2026-11-23T12:00:00.000Z',
  })
  expiresAt: Date;
}

/** A purge that has begun. */
export class PurgeStartedResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  tenantId: string;

  @ApiProperty({ enum: ['purging'], example: 'purging' })
  status: 'purging';
}

/** The driver returns bigint as text. */
export interface PlatformTenantRow extends Omit<PlatformTenantResponse, 'usage'> {
  userCount: number | null;
  pocCount: number | null;
  storageBytes: string | null;
  maxUsers: number;
  maxPocs: number;
  maxStorageGb: number;
}

/** A tenant that is being purged has no counts any more. */
export function toPlatformTenant(row: PlatformTenantRow): PlatformTenantResponse {
  const { userCount, pocCount, storageBytes, maxUsers, maxPocs, maxStorageGb, ...tenant } = row;
  return {
    ...tenant,
    usage: toUsageShares(
      { users: userCount ?? 0, pocs: pocCount ?? 0, storageBytes: Number(storageBytes ?? 0) },
      { maxUsers, maxPocs, maxStorageGb },
    ),
  };
}
