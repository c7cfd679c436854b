import { ApiProperty } from '@nestjs/swagger';

export class SuppressionResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728' })
  id: string;

  @ApiProperty({ example: 'ana@acme.example' })
  email: string;

  @ApiProperty({
    enum: ['bounce', 'complaint'],
    description: 'The address does not exist (bounce), or its reader complained.',
    example: 'bounce',
  })
  reason: string;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;
}

export class SuppressionListResponse {
  @ApiProperty({
    type: SuppressionResponse,
    isArray: true,
    description: 'The latest 500, the latest first.',
  })
  items: SuppressionResponse[];
}
