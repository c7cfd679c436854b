import { EmailAddress } from '@poc-tracker/http-service';
import { NewPassword } from '../../protection/passwords/password-field.decorator.js';
import { OneTimeTokenField } from '../one-time-tokens/one-time-token.field.js';

export class ForgotPasswordDto {
  @EmailAddress('ana@acme.example')
  email: string;
}

export class ResetPasswordDto {
  @OneTimeTokenField()
  token: string;

  @NewPassword({ example: 'seven quiet harbors 18' })
  newPassword: string;
}
