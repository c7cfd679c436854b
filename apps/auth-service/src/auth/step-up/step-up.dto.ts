import { ApiPropertyOptional } from '@nestjs/swagger';
import { Omittable } from '@poc-tracker/http-service';
import { IsString, Length } from 'class-validator';
import { MAX_PRESENTED_PASSWORD } from '../../protection/passwords/password-text.js';
import { FactorProofDto } from '../login/second-factor/factor-proof.dto.js';

/** One proof. */
export class StepUpDto extends FactorProofDto {
  @ApiPropertyOptional({
    description: 'Enough for a user without a second factor, and for no other.',
    minLength: 1,
    maxLength: MAX_PRESENTED_PASSWORD,
    example: 'amber kettle river 41',
  })
  @Omittable()
  @IsString()
  @Length(1, MAX_PRESENTED_PASSWORD)
  password?: string;
}
