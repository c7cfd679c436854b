import { ApiProperty } from '@nestjs/swagger';
import { CurrentPassword } from '../../../protection/passwords/password-field.decorator.js';
import { DeviceId } from '../../login/login.dto.js';
import { OneTimeTokenField } from '../../one-time-tokens/one-time-token.field.js';

export class ConfirmRegistrationDto {
  @OneTimeTokenField()
  token: string;

  @CurrentPassword()
  password: string;

  @DeviceId()
  deviceId?: string;
}

/** The same for every address, whether or not it has an account. */
export class PendingRegistrationResponse {
  @ApiProperty({ enum: ['email'], description: 'How the registration is confirmed.' })
  confirmation: 'email';
}

export const PENDING: Readonly<PendingRegistrationResponse> = Object.freeze({
  confirmation: 'email',
});
