import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';

/** A domain under which a tenant wants to be found. */
export class RequestDomainDto {
  @ApiProperty({
    maxLength: 253,
    description: 'In any script; it is kept in its ASCII form.',
    example: 'login.acme.example',
  })
  @IsString()
  @MaxLength(253)
  domain: string;
}
