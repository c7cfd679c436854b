import { ApiProperty } from '@nestjs/swagger';
import { FIRST_PARTY_CLIENT_ID, type Role, ROLES } from '@poc-tracker/contracts';

/** The response of RFC 7662. For an inactive token it has `active` only. */
export class IntrospectionAnswer {
  @ApiProperty({ example: true })
  active: boolean;

  @ApiProperty({ required: false, enum: ['Bearer', 'N_A'], example: 'Bearer' })
  token_type?: string;

  @ApiProperty({ required: false, format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  sub?: string;

  @ApiProperty({ required: false, description: 'Seconds since the epoch.', example: 1795507200 })
  exp?: number;

  @ApiProperty({ required: false, description: 'Seconds since the epoch.', example: 1795506300 })
  iat?: number;

  @ApiProperty({ required: false, example: 'poc-tracker-auth' })
  iss?: string;

  @ApiProperty({ required: false, example: 'poc-tracker-api' })
  aud?: string;

  @ApiProperty({ required: false, format: 'uuid', example: '7b0f2f6e-6f6e-4d0c-8d3b-2a1f0e9d8c7b' })
  jti?: string;

  @ApiProperty({
    required: false,
    description: 'The client that an access token was issued to.',
    example: FIRST_PARTY_CLIENT_ID,
  })
  client_id?: string;

  @ApiProperty({
    required: false,
    description: 'The current permissions, separated by spaces.',
    example: 'create_pocs',
  })
  scope?: string;

  @ApiProperty({ required: false, format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e60' })
  tenant_id?: string;

  @ApiProperty({ required: false, format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e61' })
  session_id?: string;

  @ApiProperty({ required: false, enum: ROLES, example: 'user' })
  user_role?: Role;

  @ApiProperty({
    required: false,
    type: Object,
    description: 'The current status of the session, the user and the tenant.',
    example: { sessionActive: true, userStatus: 'active', role: 'user' },
  })
  session_status?: object;
}
