import { ApiProperty } from '@nestjs/swagger';
import { POC_STATUSES, type PocStatus, UUID_EXAMPLE } from './poc.dto.js';

export class WeekCount {
  @ApiProperty({ description: 'First day of the week, a Monday, in UTC.', example: '2026-11-23' })
  week: string;

  @ApiProperty({ enum: POC_STATUSES, example: 'active' })
  status: PocStatus;

  @ApiProperty({
    description: 'Number of POCs that were created in the week and have the status now.',
    example: 3,
  })
  count: number;
}

export class StatusCount {
  @ApiProperty({ enum: POC_STATUSES, example: 'active' })
  status: PocStatus;

  @ApiProperty({ example: 12 })
  count: number;
}

export class AuthorStorage {
  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Null for deleted users.',
    example: UUID_EXAMPLE,
  })
  authorId: string | null;

  @ApiProperty({ example: 4 })
  files: number;

  @ApiProperty({ example: 1_048_576 })
  bytes: number;
}

export class AnalyticsResponse {
  @ApiProperty({ type: StatusCount, isArray: true })
  byStatus: StatusCount[];

  @ApiProperty({ type: WeekCount, isArray: true, description: 'The last twelve weeks.' })
  byWeek: WeekCount[];

  @ApiProperty({
    type: AuthorStorage,
    isArray: true,
    description: 'The 100 authors with the most storage.',
  })
  storageByAuthor: AuthorStorage[];
}
