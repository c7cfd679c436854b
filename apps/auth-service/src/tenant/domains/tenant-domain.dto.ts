import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** A domain to add to a tenant. */
export class CreateDomainDto {
  @ApiProperty({
    maxLength: 253,
    format: 'hostname',
    description: 'Internationalized domain names are stored in their ASCII form (punycode).',
    example: 'login.acme.example',
  })
  @IsString()
  @MaxLength(253)
  domain: string;
}
