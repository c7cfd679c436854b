import { type Role, ROLES } from '@poc-tracker/contracts';
import { EmailAddress, Omittable, PageQuery } from '@poc-tracker/http-service';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  Length,
  ValidateNested,
} from 'class-validator';

/** Invitations per request: enough for a department, and well within the time limit of a request. */
const MAX_BULK = 100;

export const INVITATION_STATUSES = ['pending', 'accepted', 'expired', 'revoked'] as const;

export type InvitationStatus = (typeof INVITATION_STATUSES)[number];

export class CreateInvitationDto {
  @EmailAddress('bia@acme.example')
  email: string;

  @ApiProperty({ enum: ROLES, description: 'Not above your own role.', example: 'user' })
  @IsIn(ROLES)
  role: Role;
}

export class CreateInvitationsDto {
  @ApiProperty({ type: CreateInvitationDto, isArray: true, minItems: 1, maxItems: MAX_BULK })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BULK)
  // ValidateNested alone accepts an array as a row.
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => CreateInvitationDto)
  invitations: CreateInvitationDto[];
}

export class InspectInvitationDto {
  @ApiProperty({
    description: 'The token in the link of the invitation.',
    example: 'pti1_Yk3f0wq1cZpA7sVx2u9LhT4mRb6eNdJgKoQi8yWaXvE',
  })
  @IsString()
  @Length(1, 512)
  token: string;
}

export class ListInvitationsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: INVITATION_STATUSES, example: 'pending' })
  @Omittable()
  @IsIn(INVITATION_STATUSES)
  status?: InvitationStatus;
}
