import { ApiProperty } from '@nestjs/swagger';

/** A tenant that its own admin has canceled. */
export class CanceledTenantResponse {
  @ApiProperty({ enum: ['canceled'], example: 'canceled' })
  status: 'canceled';

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'Until then an operator can bring it back; after that it is deleted for good.',
  })
  restorableUntil: Date;
}
