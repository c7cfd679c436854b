import { ERROR_CATALOGUE, type ErrorBody, type ErrorCode } from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** The body of every error, as the document shows it. */
export class ErrorResponse implements ErrorBody {
  @ApiProperty({
    description: 'What happened, for a person.',
    example: ERROR_CATALOGUE.NOT_FOUND.message,
  })
  error: string;

  @ApiProperty({
    description: 'What happened, for a program.',
    enum: Object.keys(ERROR_CATALOGUE),
    example: 'NOT_FOUND',
  })
  code: ErrorCode;

  @ApiProperty({ description: 'The HTTP status again.', example: 404 })
  status: number;

  @ApiProperty({
    description: 'Also in the x-request-id header and in the log.',
    format: 'uuid',
    example: '0192f0c1-a0b1-7c2d-8e3f-405162738495',
  })
  requestId: string;

  @ApiPropertyOptional({
    description: 'More, where the code has more: the fields of VALIDATION_ERROR, for one.',
  })
  details?: unknown;
}

/** Details of the codes that carry some. */
const DETAILS: Partial<Record<ErrorCode, unknown>> = {
  VALIDATION_ERROR: [{ field: 'email', message: 'email must be an email' }],
  USER_LIMIT_EXCEEDED: { limit: 10, usage: 10 },
  INSUFFICIENT_PERMISSIONS: { required: ['manage_users'] },
  FEATURE_NOT_AVAILABLE: { feature: 'video_generation', plans: ['pro', 'enterprise'] },
};

/** A whole error body for the document. */
export function exampleError(code: ErrorCode): ErrorBody {
  const { status, message } = ERROR_CATALOGUE[code];
  return {
    error: message,
    code,
    status,
    requestId: '0192f0c1-a0b1-7c2d-8e3f-405162738495',
    ...(DETAILS[code] !== undefined && { details: DETAILS[code] }),
  };
}
