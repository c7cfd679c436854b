import { ApiProperty } from '@nestjs/swagger';
import { TextLine } from '@poc-tracker/http-service';
import { IsString, MaxLength } from 'class-validator';

/** The cancellation of the current tenant. */
export class CancelTenantDto {
  @TextLine({ max: 500, example: 'We have moved to another product.' })
  reason: string;

  @ApiProperty({
    maxLength: 100,
    description: 'The subdomain of the tenant, as a confirmation.',
    example: 'acme',
  })
  @IsString()
  @MaxLength(100)
  confirmSubdomain: string;
}
