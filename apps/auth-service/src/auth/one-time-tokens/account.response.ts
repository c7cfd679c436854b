import { ApiProperty } from '@nestjs/swagger';

/** The same for every address, whether or not it has an account and a mail is sent. */
export class AcceptedResponse {
  @ApiProperty({ example: true })
  accepted: true;
}

export const ACCEPTED: Readonly<AcceptedResponse> = Object.freeze({ accepted: true });

/** The account that a link has changed. No more, because the link is enough to get it, without a session. */
export class AccountAddressResponse {
  @ApiProperty({ format: 'email', example: 'ana@acme.example' })
  email: string;
}
