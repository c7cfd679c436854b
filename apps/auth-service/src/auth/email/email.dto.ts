import { EmailAddress } from '@poc-tracker/http-service';
import { CurrentPassword } from '../../protection/passwords/password-field.decorator.js';
import { OneTimeTokenField } from '../one-time-tokens/one-time-token.field.js';

export class EmailTokenDto {
  @OneTimeTokenField()
  token: string;
}

export class ChangeEmailDto {
  @EmailAddress('ana.souza@acme.example')
  newEmail: string;

  @CurrentPassword()
  currentPassword: string;
}
