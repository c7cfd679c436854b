import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import { POC_STATUSES, type PocStatus, UUID_EXAMPLE } from './poc.dto.js';

export interface PocRow {
  id: string;
  title: string;
  /** The title in the form for searching and sorting. */
  titleSearch: string;
  description: string;
  status: PocStatus;
  isPublic: boolean;
  createdBy: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** The public fields of a POC, without its author. */
export class PublicPocResponse {
  @ApiProperty({ format: 'uuid', example: UUID_EXAMPLE })
  id: string;

  @ApiProperty({ example: 'Cold-proof sensor' })
  title: string;

  @ApiProperty({ example: 'Shows that the sensor survives a winter.' })
  description: string;

  @ApiProperty({ enum: POC_STATUSES, example: 'active' })
  status: PocStatus;

  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt: string;
}

export class PocResponse extends PublicPocResponse {
  @ApiProperty({ example: false })
  isPublic: boolean;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Id of the author; null if the user was deleted.',
    example: UUID_EXAMPLE,
  })
  createdBy: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: string;
}

export class PocPageResponse {
  @ApiProperty({ type: PocResponse, isArray: true })
  items: PocResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export function toPublicPocResponse(row: PocRow): PublicPocResponse {
  const { id, title, description, status, updatedAt } = row;
  return { id, title, description, status, updatedAt: updatedAt.toISOString() };
}

export function toPocResponse(row: PocRow): PocResponse {
  const { isPublic, createdBy, createdAt } = row;
  return {
    ...toPublicPocResponse(row),
    isPublic,
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}
