import { ApiProperty } from '@nestjs/swagger';
import { TenantSummaryResponse } from '../../tenant/tenant-summary.response.js';
import { UserResponse } from '../user.response.js';

/** The user of a request and their tenant. */
export class ProfileResponse {
  @ApiProperty({ type: UserResponse })
  user: UserResponse;

  @ApiProperty({ type: TenantSummaryResponse })
  tenant: TenantSummaryResponse;
}
