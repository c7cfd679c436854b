import { type ErrorCode, ERROR_CATALOGUE, type Role, ROLES } from '@poc-tracker/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import { INVITATION_STATUSES, type InvitationStatus } from './invitation.dto.js';
import { INVITATION_KINDS, type InvitationKind } from './invitation-token.js';

const EXAMPLE_TOKEN = 'pti1_Yk3f0wq1cZpA7sVx2u9LhT4mRb6eNdJgKoQi8yWaXvE';

/** An invitation without its token, which is not stored. */
export class InvitationResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718' })
  id: string;

  @ApiProperty({ format: 'email', example: 'bia@acme.example' })
  email: string;

  @ApiProperty({ enum: ROLES, example: 'user' })
  role: Role;

  @ApiProperty({ enum: INVITATION_STATUSES, example: 'pending' })
  status: InvitationStatus;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description:
      'The user who sent it last. It becomes invalid if this user may no longer assign its role.',
  })
  invitedBy: string | null;

  @ApiProperty({ description: 'How many times it was sent.', example: 1 })
  sentCount: number;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time' })
  lastSentAt: Date;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-21T12:00:00.000Z' })
  expiresAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  acceptedAt: Date | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, example: null })
  acceptedBy: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt: Date | null;
}

/** An invitation that was created or resent, with its token, which is returned only once. */
export class SentInvitationResponse {
  @ApiProperty({ type: InvitationResponse })
  invitation: InvitationResponse;

  @ApiProperty({ description: 'Returned only once.', example: EXAMPLE_TOKEN })
  token: string;

  @ApiProperty({
    description: 'The page where the user accepts. Contains the token.',
    example: `https://acme.poctracker.com/accept-invitation#token=${EXAMPLE_TOKEN}`,
  })
  link: string;
}

export class InvitationPageResponse {
  @ApiProperty({ type: InvitationResponse, isArray: true })
  items: InvitationResponse[];

  @NextCursor()
  nextCursor: string | null;
}

const BULK_REFUSALS = [
  'INVITE_EXISTS',
  'USER_EXISTS',
  'INSUFFICIENT_PERMISSIONS',
] as const satisfies readonly ErrorCode[];

/** Why one of several invitations was not created. */
export type InvitationRefusal = (typeof BULK_REFUSALS)[number];

/** The result of one of several invitations. */
export class InvitationResultResponse {
  @ApiProperty({ format: 'email', example: 'bia@acme.example' })
  email: string;

  @ApiProperty({ description: 'If false, see `code`.', example: true })
  created: boolean;

  @ApiPropertyOptional({ type: SentInvitationResponse, description: 'Present if it was created.' })
  sent?: SentInvitationResponse;

  @ApiPropertyOptional({ enum: BULK_REFUSALS, description: 'Present if it was not created.' })
  code?: InvitationRefusal;

  @ApiPropertyOptional({ description: 'The message of the code.' })
  error?: string;
}

export class InvitationResultsResponse {
  @ApiProperty({
    type: InvitationResultResponse,
    isArray: true,
    description: 'In the order of the request.',
  })
  results: InvitationResultResponse[];
}

/** What the page behind the link shows before the invitation is accepted. */
export class InvitationPreviewResponse {
  @ApiProperty({ enum: INVITATION_KINDS, example: 'user' })
  kind: InvitationKind;

  @ApiProperty({ example: 'Acme Ltda' })
  tenantName: string;

  @ApiProperty({ enum: ROLES, example: 'user' })
  role: Role;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The masked email address of the invited user; null for a link.',
    example: 'b***@acme.example',
  })
  email: string | null;

  @ApiProperty({
    type: String,
    isArray: true,
    description: 'The email domains that a link accepts; empty if it accepts any.',
    example: [],
  })
  allowedDomains: string[];

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-21T12:00:00.000Z' })
  expiresAt: Date;
}

export function toRefusal(email: string, code: InvitationRefusal): InvitationResultResponse {
  return { email, created: false, code, error: ERROR_CATALOGUE[code].message };
}
