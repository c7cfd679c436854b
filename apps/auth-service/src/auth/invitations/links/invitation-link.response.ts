import type { Role } from '@poc-tracker/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import { LINK_ROLES } from './invitation-link.dto.js';

const EXAMPLE_TOKEN = 'ptl1_Yk3f0wq1cZpA7sVx2u9LhT4mRb6eNdJgKoQi8yWaXvE';

export const LINK_STATUSES = ['open', 'used_up', 'expired', 'revoked'] as const;

/** A link that several users may register with, without its token, which is not stored. */
export class InvitationLinkResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718' })
  id: string;

  @ApiProperty({ enum: LINK_ROLES, example: 'user' })
  role: Role;

  @ApiProperty({ enum: LINK_STATUSES, example: 'open' })
  status: (typeof LINK_STATUSES)[number];

  @ApiProperty({ description: 'How many users may register with it.', example: 20 })
  quota: number;

  @ApiProperty({ description: 'How many users have registered with it.', example: 3 })
  usedCount: number;

  @ApiProperty({ type: String, isArray: true, example: ['acme.example'] })
  allowedDomains: string[];

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description:
      'The user who created it. It becomes invalid if this user may no longer assign its role.',
  })
  createdBy: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-21T12:00:00.000Z' })
  expiresAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt: Date | null;
}

/** A new link with its token, which is returned only once. */
export class SentInvitationLinkResponse {
  @ApiProperty({ type: InvitationLinkResponse })
  invitationLink: InvitationLinkResponse;

  @ApiProperty({ description: 'Returned only once.', example: EXAMPLE_TOKEN })
  token: string;

  @ApiProperty({
    description: 'The page where users register. Contains the token.',
    example: `https://acme.poctracker.com/accept-invitation#token=${EXAMPLE_TOKEN}`,
  })
  link: string;
}

export class InvitationLinkPageResponse {
  @ApiProperty({ type: InvitationLinkResponse, isArray: true })
  items: InvitationLinkResponse[];

  @NextCursor()
  nextCursor: string | null;
}

/** A use of an invitation link. */
export class InvitationLinkUseResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60719' })
  id: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The user who registered; null if the user was deleted.',
  })
  userId: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  usedAt: Date;
}

export class InvitationLinkUsePageResponse {
  @ApiProperty({ type: InvitationLinkUseResponse, isArray: true })
  items: InvitationLinkUseResponse[];

  @NextCursor()
  nextCursor: string | null;
}
