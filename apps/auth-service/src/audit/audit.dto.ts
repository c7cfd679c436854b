import { SECURITY_EVENTS } from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { NextCursor, PageQuery } from '@poc-tracker/http-service';
import { IsIn, IsISO8601, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { ENTRY_TABLES, type EntryTable, ROW_EVENTS } from './audit-entry.js';
import type { Json } from './chain/canonical-json.js';

const ENTRY_TYPES: readonly string[] = [...SECURITY_EVENTS, ...Object.values(ROW_EVENTS)];

const RESULTS = ['success', 'failure'] as const;

const EXAMPLE_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

/**
 * A timestamp of RFC 3339, in the form that JavaScript and PostgreSQL read alike: T and Z in upper case, no leap second and
 * no offset beyond 14 hours.
 */
const INSTANT =
  /^(?!0000)\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;

export class AuditRangeQuery {
  @ApiPropertyOptional({
    description: 'Start of the time range, inclusive. RFC 3339, with Z or an offset.',
    example: '2026-01-01T00:00:00Z',
  })
  @IsOptional()
  @IsISO8601({ strict: true })
  @Matches(INSTANT, { message: 'from must be a timestamp such as 2026-01-01T00:00:00Z' })
  from?: string;

  @ApiPropertyOptional({
    description: 'End of the time range, exclusive. RFC 3339, with Z or an offset.',
    example: '2026-02-01T00:00:00Z',
  })
  @IsOptional()
  @IsISO8601({ strict: true })
  @Matches(INSTANT, { message: 'to must be a timestamp such as 2026-02-01T00:00:00Z' })
  to?: string;
}

export class ListAuditQuery extends IntersectionType(AuditRangeQuery, PageQuery) {
  @ApiPropertyOptional({ enum: ENTRY_TYPES, example: 'login.failed' })
  @IsOptional()
  @IsIn(ENTRY_TYPES)
  type?: string;

  @ApiPropertyOptional({ enum: RESULTS, example: 'failure' })
  @IsOptional()
  @IsIn(RESULTS)
  result?: (typeof RESULTS)[number];

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Id of the user or operator who did it.',
    example: EXAMPLE_ID,
  })
  @IsOptional()
  @IsUUID()
  actorId?: string;

  @ApiPropertyOptional({
    description: 'Id of the affected user, row or other object.',
    example: EXAMPLE_ID,
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  targetId?: string;

  @ApiPropertyOptional({ description: 'Only changes of rows of this table.', example: 'users' })
  @IsOptional()
  @Matches(/^[a-z_]{1,63}$/)
  table?: string;

  @ApiPropertyOptional({
    description: 'Only events of the request with this X-Request-Id.',
    example: EXAMPLE_ID,
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  requestId?: string;
}

const NULLABLE_TEXT = { type: String, nullable: true } as const;
const ANY_JSON = { type: 'object', additionalProperties: true, nullable: true } as const;

export class AuditEntryResponse {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID })
  tenantId: string;

  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID })
  id: string;

  @ApiProperty({
    enum: ENTRY_TABLES,
    description: 'security_events for events, audit_log for changes of rows.',
    example: 'security_events',
  })
  table: EntryTable;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000000Z' })
  occurredAt: string;

  @ApiProperty({ example: 'login.failed' })
  type: string;

  @ApiProperty({ enum: RESULTS, example: 'failure' })
  result: string;

  @ApiProperty({ ...NULLABLE_TEXT, format: 'uuid', example: null })
  actorId: string | null;

  @ApiProperty({
    enum: ['user', 'operator', 'system', 'anonymous'],
    description: 'Operators belong to the platform, not to the tenant.',
    example: 'anonymous',
  })
  actorKind: string;

  @ApiProperty({
    ...NULLABLE_TEXT,
    description: 'For a change of a row, its table.',
    example: 'user',
  })
  targetType: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: EXAMPLE_ID })
  targetId: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: '203.0.113.7' })
  ipAddress: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: 'Mozilla/5.0' })
  userAgent: string | null;

  @ApiProperty({ ...NULLABLE_TEXT, example: EXAMPLE_ID })
  requestId: string | null;

  @ApiProperty({
    ...ANY_JSON,
    description:
      'For login.succeeded, unless it is that of a registration or sign-up, and for a login.failed that was refused as ' +
      'suspicious, risk has the score of the log-in, from 0 to ' +
      '100, and its reasons.',
    example: {
      reason: 'SUSPICIOUS_LOGIN',
      risk: { score: 75, reasons: ['new_country', 'new_device', 'unusual_hour'] },
    },
  })
  details: Json;

  @ApiProperty({
    ...ANY_JSON,
    description: 'The row before the change, without secrets.',
    example: null,
  })
  oldData: Json;

  @ApiProperty({
    ...ANY_JSON,
    description: 'The row after the change, without secrets.',
    example: null,
  })
  newData: Json;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Position in the hash chain. Null for about a second, until the entry is appended.',
    example: 42,
  })
  position: number | null;

  @ApiProperty({
    ...NULLABLE_TEXT,
    description: 'SHA-256 of the link at this position.',
    example: null,
  })
  hash: string | null;
}

export class AuditPageResponse {
  @ApiProperty({ type: AuditEntryResponse, isArray: true })
  items: AuditEntryResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export class AuditHeadResponse {
  @ApiProperty({
    type: 'integer',
    description: 'Position of the last link; 0 for an empty chain.',
    example: 1234,
  })
  position: number;

  @ApiProperty({
    description: 'SHA-256 of the last link. It covers the whole chain.',
    example: 'ab'.repeat(32),
  })
  hash: string;
}
