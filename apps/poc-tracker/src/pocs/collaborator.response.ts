import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import type { CollaboratorRow } from './collaborator.repository.js';

const UUID_EXAMPLE = '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f';

export class CollaboratorResponse {
  @ApiProperty({ format: 'uuid', example: UUID_EXAMPLE })
  userId: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: UUID_EXAMPLE })
  addedBy: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: string;
}

export class CollaboratorPageResponse {
  @ApiProperty({ type: CollaboratorResponse, isArray: true })
  items: CollaboratorResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export function toCollaboratorResponse(row: CollaboratorRow): CollaboratorResponse {
  return { ...row, createdAt: row.createdAt.toISOString() };
}
