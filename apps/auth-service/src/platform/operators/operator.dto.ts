import { ApiProperty } from '@nestjs/swagger';
import { EmailAddress } from '@poc-tracker/http-service';
import { IsString, MaxLength } from 'class-validator';
import { NewPassword } from '../../protection/passwords/password-field.decorator.js';

/** Longer than any secret; bounds the text that is hashed. */
const MAX_PRESENTED_SECRET = 200;

export class ActivateOperatorDto {
  @EmailAddress('ops@poctracker.example')
  email: string;

  @ApiProperty({
    description: 'The one-time secret that the command line printed.',
    example: 'pJ0mT2c0bYk9Wn5qvXr8uZ1eLh3sQd6aGf7iKo4tMxE',
  })
  @IsString()
  @MaxLength(MAX_PRESENTED_SECRET)
  secret: string;

  @NewPassword()
  password: string;
}

export class OperatorResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ format: 'email', example: 'ops@poctracker.example' })
  email: string;
}
