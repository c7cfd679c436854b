import type { Role } from '@poc-tracker/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { NextCursor } from '@poc-tracker/http-service';
import { LINK_ROLES } from './invitation-link.dto.js';

const EXAMPLE_TOKEN = 'ptl1_Yk3f0wq1cZpA7sVx2u9LhT4mRb6eNdJgKoQi8yWaXvE';

export const LINK_STATUSES = ['open', 'used_up', 'expired', 'revoked'] as const;

/** A link that several people may join by; everything but its token, which is nowhere to be read. */
export class InvitationLinkResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718' })
  id: string;

  @ApiProperty({ enum: LINK_ROLES, example: 'user' })
  role: Role;

  @ApiProperty({ enum: LINK_STATUSES, example: 'open' })
  status: (typeof LINK_STATUSES)[number];

  @ApiProperty({ description: 'How many people may join by it.', example: 20 })
  quota: number;

  @ApiProperty({ description: 'How many have.', example: 3 })
  usedCount: number;

  @ApiProperty({ type: String, isArray: true, example: ['acme.example'] })
  allowedDomains: string[];

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Who vouches for it; once they may no longer give the role, it is worth nothing.',
  })
  createdBy: string | null;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-21T12:00:00.000Z' })
  expiresAt: Date;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  revokedAt: Date | null;
}

/** A link that was just made: the one time that its token is shown. */
export class SentInvitationLinkResponse {
  @ApiProperty({ type: InvitationLinkResponse })
  invitationLink: InvitationLinkResponse;

  @ApiProperty({ description: 'Shown this once.', example: EXAMPLE_TOKEN })
  token: string;

  @ApiProperty({
    description: 'Where people join; holds the token.',
    example: `https://acme.poctracker.com/accept-invite#token=${EXAMPLE_TOKEN}`,
  })
  link: string;
}

export class InvitationLinkPageResponse {
  @ApiProperty({ type: InvitationLinkResponse, isArray: true })
  items: InvitationLinkResponse[];

  @NextCursor()
  nextCursor: string | null;
}

/** Somebody who joined by a link. */
export class InvitationLinkUseResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60719' })
  id: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Null for somebody who was deleted since.',
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
