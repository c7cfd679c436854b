import { ApiProperty } from '@nestjs/swagger';
import { TokensResponse } from '../../session/session.response.js';
import { TenantResponse } from '../../tenant/tenant.response.js';
import { UserResponse } from '../../user/user.response.js';

/** A new tenant, its first admin and the tokens of their session. */
export class SignupResponse {
  @ApiProperty({ type: TenantResponse })
  tenant: TenantResponse;

  @ApiProperty({ type: UserResponse })
  adminUser: UserResponse;

  @ApiProperty({ type: TokensResponse })
  tokens: TokensResponse;
}
