import type { StepUpDetails } from '@poc-tracker/auth-kit';
import {
  ERROR_CATALOGUE,
  type ErrorBody,
  type ErrorCode,
  FACTOR_KINDS,
  type LimitDetails,
  PLAN_CATALOGUE,
} from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ERROR_DETAILS_SCHEMA } from './error-details.js';

/** The body of every error, for the OpenAPI document. */
export class ErrorResponse implements ErrorBody {
  @ApiProperty({
    description: 'A message for users and developers. It may change.',
    example: ERROR_CATALOGUE.NOT_FOUND.message,
  })
  error: string;

  @ApiProperty({
    description: 'A stable code for programs.',
    enum: Object.keys(ERROR_CATALOGUE),
    example: 'NOT_FOUND',
  })
  code: ErrorCode;

  @ApiProperty({ description: 'The HTTP status.', example: 404 })
  status: number;

  @ApiProperty({
    description: 'Identifies the request, as in the x-request-id header and in the log.',
    format: 'uuid',
    example: '0192f0c1-a0b1-7c2d-8e3f-405162738495',
  })
  requestId: string;

  @ApiPropertyOptional({
    description: 'Additional information for some codes.',
    ...ERROR_DETAILS_SCHEMA,
  })
  details?: unknown;
}

function exceeded(usage: LimitDetails['usage']): LimitDetails {
  return { limits: PLAN_CATALOGUE.basic.limits, usage };
}

/** Example details of the codes that have them. */
const DETAILS: Partial<Record<ErrorCode, unknown>> = {
  VALIDATION_ERROR: [
    { field: 'email', message: 'must be an email address such as ana@acme.example' },
  ],
  USER_LIMIT_EXCEEDED: exceeded({ users: 10, pocs: 12, storageGb: 0.5 }),
  POC_LIMIT_EXCEEDED: exceeded({ users: 3, pocs: 100, storageGb: 0.5 }),
  STORAGE_LIMIT_EXCEEDED: exceeded({ users: 3, pocs: 12, storageGb: 5 }),
  INSUFFICIENT_PERMISSIONS: { required: ['manage_users'] },
  STEP_UP_REQUIRED: {
    maxAgeMinutes: 15,
    factor: true,
    methods: ['totp', 'recoveryCode'],
  } satisfies StepUpDetails,
  SECOND_FACTOR_REQUIRED: {
    challengeToken:
      'eyJhbGciOiJIUzI1NiIsInR5cCI6ImxjK2p3dCJ9.eyJqdGkiOiIwMTkyZjBjMSJ9.c2lnbmF0dXJl',
    expiresIn: 300,
    methods: ['totp', 'recoveryCode'],
  },
  FACTOR_ENROLLMENT_REQUIRED: { factors: FACTOR_KINDS },
  FEATURE_NOT_AVAILABLE: { feature: 'video_generation', availableIn: ['pro', 'enterprise'] },
};

/** An example body for the OpenAPI document. */
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
