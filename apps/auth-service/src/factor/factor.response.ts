import { ApiProperty } from '@nestjs/swagger';
import { FACTOR_KINDS, type FactorKind } from '@poc-tracker/contracts';
import { NextCursor } from '@poc-tracker/http-service';

const EXAMPLE_CODES = ['7K2QD-M9XWT-3HBNA-VZ84R', 'P0G5C-T2YEJ-8RKWM-1XQ6D'];

/** An authenticator app or a passkey of a user. */
export class FactorResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ enum: FACTOR_KINDS, example: 'passkey' })
  kind: FactorKind;

  @ApiProperty({ example: 'Notebook' })
  name: string;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  lastUsedAt: Date | null;
}

/** All factors of a user. */
export class FactorPageResponse {
  @ApiProperty({ type: FactorResponse, isArray: true })
  items: FactorResponse[];

  @NextCursor()
  nextCursor: string | null;

  @ApiProperty({ description: 'Recovery codes that were not used yet.', example: 10 })
  recoveryCodesRemaining: number;
}

/** A factor that was added. */
export class AddedFactorResponse {
  @ApiProperty({ type: FactorResponse })
  factor: FactorResponse;

  @ApiProperty({
    type: String,
    isArray: true,
    nullable: true,
    description:
      'With the first factor of a user: ten codes, each of which replaces a factor once. They are not shown again. ' +
      'Otherwise null.',
    example: EXAMPLE_CODES,
  })
  recoveryCodes: string[] | null;
}

export class RecoveryCodesResponse {
  @ApiProperty({
    type: String,
    isArray: true,
    description: 'Ten codes, each of which replaces a factor once. They are not shown again.',
    example: EXAMPLE_CODES,
  })
  recoveryCodes: string[];
}

export class RemovedFactorResponse {
  @ApiProperty({ enum: [true], example: true })
  removed: true;
}
