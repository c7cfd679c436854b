import { EmailAddress } from '@poc-tracker/http-service';
import { OneTimeTokenField } from '../one-time-tokens/one-time-token.field.js';

export class EmailTokenDto {
  @OneTimeTokenField()
  token: string;
}

export class ChangeEmailDto {
  @EmailAddress('ana.souza@acme.example')
  newEmail: string;
}
