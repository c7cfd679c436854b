import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { FactorDue, SessionStatus } from '@poc-tracker/auth-kit';
import {
  ASSURANCE_LEVELS,
  type AssuranceLevel,
  AUTHENTICATION_METHODS,
  type AuthenticationMethod,
  FACTOR_KINDS,
  type FactorKind,
  FIRST_PARTY_CLIENT_ID,
  type Permission,
  PERMISSIONS,
  type Plan,
  PLANS,
  type RateLimitOverrides,
  type Role,
  ROLES,
  TENANT_STATUSES,
  type TenantSnapshot,
  type TenantStatus,
  USER_STATUSES,
  type UserStatus,
} from '@poc-tracker/contracts';
import { FeaturesResponse, LimitsResponse } from '../tenant/tenant.response.js';

class TenantSnapshotResponse implements TenantSnapshot {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e60' })
  id: string;

  @ApiProperty({ example: 'Acme Ltda' })
  name: string;

  @ApiProperty({ example: 'acme' })
  subdomain: string;

  @ApiProperty({ type: String, nullable: true, example: null })
  customDomain: string | null;

  @ApiProperty({ enum: PLANS, example: 'basic' })
  plan: Plan;

  @ApiProperty({ enum: TENANT_STATUSES, example: 'active' })
  status: TenantStatus;

  @ApiProperty()
  features: FeaturesResponse;

  @ApiProperty()
  limits: LimitsResponse;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'After it, the tenant is read-only.',
    example: null,
  })
  subscriptionEndsAt: string | null;

  @ApiProperty({ description: 'True for the platform, whose users are operators.', example: false })
  isPlatform: boolean;

  @ApiPropertyOptional({
    type: 'object',
    description: 'Present if operators have set rate limits for the tenant.',
    required: ['rules', 'shadow'],
    properties: {
      rules: { type: 'object', additionalProperties: { type: 'string' } },
      shadow: { type: 'array', items: { type: 'string' } },
    },
    example: { rules: { 'login:user': '20/900' }, shadow: [] },
  })
  rateLimits?: RateLimitOverrides;
}

class SessionStatusResponse implements SessionStatus {
  @ApiProperty({ example: true })
  sessionActive: boolean;

  @ApiProperty({
    type: 'integer',
    description: 'Milliseconds since the epoch.',
    example: 1_795_592_700_000,
  })
  sessionExpiresAt: number;

  @ApiProperty({ type: 'integer', description: 'Milliseconds that are left.', example: 86_400_000 })
  sessionExpiresInMs: number;

  @ApiProperty({ enum: USER_STATUSES, example: 'active' })
  userStatus: UserStatus;

  @ApiProperty({ enum: ROLES, example: 'user' })
  role: Role;

  @ApiProperty({
    enum: PERMISSIONS,
    isArray: true,
    description: 'In addition to those of the role.',
    example: [],
  })
  permissions: Permission[];

  @ApiProperty({
    enum: FACTOR_KINDS,
    isArray: true,
    description: 'The second factors of the user.',
    example: ['totp'],
  })
  factors: FactorKind[];

  @ApiProperty({
    type: String,
    enum: ['enrollment', 'verification', null],
    nullable: true,
    description:
      'What the session lacks in a tenant that requires a second factor: the user must enroll one, or prove it.',
    example: null,
  })
  factorDue: FactorDue;

  @ApiProperty()
  tenant: TenantSnapshotResponse;
}

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
    enum: AUTHENTICATION_METHODS,
    isArray: true,
    description: 'How the user authenticated (RFC 8176).',
    example: ['pwd'],
  })
  amr?: AuthenticationMethod[];

  @ApiProperty({
    required: false,
    enum: ASSURANCE_LEVELS,
    description: 'The assurance level of NIST SP 800-63B: aal2 with two factors.',
    example: 'aal1',
  })
  acr?: AssuranceLevel;

  @ApiProperty({
    required: false,
    description: 'When the user last authenticated, in seconds since the epoch.',
    example: 1795506300,
  })
  auth_time?: number;

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
    description: 'The current status of the session, the user and the tenant.',
  })
  session_status?: SessionStatusResponse;
}
