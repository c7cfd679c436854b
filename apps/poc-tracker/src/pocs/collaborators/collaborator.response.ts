import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import type { CollaboratorRow } from './collaborator.repository.js';
import { UUID_EXAMPLE } from '../poc.dto.js';

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
