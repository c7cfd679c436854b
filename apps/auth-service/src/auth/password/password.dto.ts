import { EmailAddress } from '@poc-tracker/http-service';
import {
  CurrentPassword,
  NewPassword,
} from '../../protection/passwords/password-field.decorator.js';
import { DeviceId } from '../login/login.dto.js';

export class ChangePasswordDto {
  @CurrentPassword()
  currentPassword: string;

  @NewPassword({ example: 'seven quiet harbors 18' })
  newPassword: string;
}

export class RenewPasswordDto extends ChangePasswordDto {
  @EmailAddress('ana@acme.example')
  email: string;

  @DeviceId()
  deviceId?: string;
}
