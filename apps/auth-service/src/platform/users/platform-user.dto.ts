import { ApiProperty } from '@nestjs/swagger';
import { EmailAddress } from '@poc-tracker/http-service';

export class UnlockTenantUserDto {
  @EmailAddress('ana@acme.example')
  email: string;
}

export class UnlockedTenantUserResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  userId: string;

  @ApiProperty({ description: 'False if the account was not locked.', example: true })
  unlocked: boolean;
}
