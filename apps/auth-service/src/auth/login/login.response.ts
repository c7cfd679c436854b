import { ApiProperty } from '@nestjs/swagger';
import { TokensResponse } from '../../session/session.response.js';
import { UserResponse } from '../../user/user.response.js';

/** Somebody who has just been let in. */
export class LoginResponse {
  @ApiProperty({ type: UserResponse })
  user: UserResponse;

  @ApiProperty({ type: TokensResponse })
  tokens: TokensResponse;
}
