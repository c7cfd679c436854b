import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import { UUID_EXAMPLE } from '../pocs/poc.dto.js';

/** A row of poc_files whose upload is complete. */
export interface FileRow {
  id: string;
  pocId: string;
  name: string;
  /** The driver returns bigint as text. */
  size: string;
  contentType: string;
  sha256: Buffer;
  createdBy: string | null;
  uploadedAt: Date;
}

export class FileResponse {
  @ApiProperty({ format: 'uuid', example: UUID_EXAMPLE })
  id: string;

  @ApiProperty({ format: 'uuid', example: UUID_EXAMPLE })
  pocId: string;

  @ApiProperty({ example: 'winter-report.pdf' })
  name: string;

  @ApiProperty({ description: 'Size in bytes.', example: 48_213 })
  size: number;

  @ApiProperty({ description: 'Media type as stated by the client.', example: 'application/pdf' })
  contentType: string;

  @ApiProperty({
    description: 'SHA-256 of the content in hexadecimal.',
    example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  })
  sha256: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: UUID_EXAMPLE })
  createdBy: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  uploadedAt: string;
}

export class FilePageResponse {
  @ApiProperty({ type: FileResponse, isArray: true })
  items: FileResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export function toFileResponse(row: FileRow): FileResponse {
  const { id, pocId, name, contentType, createdBy } = row;
  return {
    id,
    pocId,
    name,
    size: Number(row.size),
    contentType,
    sha256: row.sha256.toString('hex'),
    createdBy,
    uploadedAt: row.uploadedAt.toISOString(),
  };
}
