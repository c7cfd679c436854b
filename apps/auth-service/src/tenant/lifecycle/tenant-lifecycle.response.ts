import { ApiProperty } from '@nestjs/swagger';

/** A tenant that its admin has canceled. */
export class CanceledTenantResponse {
  @ApiProperty({ enum: ['canceled'], example: 'canceled' })
  status: 'canceled';

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'Until then an operator can restore it. After that it is deleted permanently.',
  })
  restorableUntil: Date;
}
