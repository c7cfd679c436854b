import { ApiProperty } from '@nestjs/swagger';
import { TextLine } from '@poc-tracker/http-service';
import { IsString, MaxLength } from 'class-validator';

/** The wish to end the own tenant. */
export class CancelTenantDto {
  @TextLine({ max: 500, example: 'We have moved to another product.' })
  reason: string;

  @ApiProperty({
    maxLength: 100,
    description: 'The subdomain of the tenant once more, against a slip of the hand.',
    example: 'acme',
  })
  @IsString()
  @MaxLength(100)
  confirmSubdomain: string;
}
