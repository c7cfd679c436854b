import { ApiProperty } from '@nestjs/swagger';
import { TokensResponse } from '../../session/session.response.js';
import { UserResponse } from '../../user/user.response.js';

/** A user and the tokens of their new session. */
export class LoginResponse {
  @ApiProperty({ type: UserResponse })
  user: UserResponse;

  @ApiProperty({ type: TokensResponse })
  tokens: TokensResponse;
}
