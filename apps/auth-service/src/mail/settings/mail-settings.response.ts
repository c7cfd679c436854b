import { ApiProperty } from '@nestjs/swagger';

export class TenantServerResponse {
  @ApiProperty({ example: 'smtp.acme.example' })
  host: string;

  @ApiProperty({ example: 587 })
  port: number;

  @ApiProperty({ type: String, nullable: true, example: 'mailer' })
  user: string | null;

  @ApiProperty({ description: 'Whether a password is stored. No route returns it.', example: true })
  hasPassword: boolean;
}

export class MailSettingsResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'If null, the name of the tenant.',
    example: 'Acme Support',
  })
  senderName: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'If null, the address of the service.',
    example: 'support@acme.example',
  })
  senderAddress: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'help@acme.example' })
  replyTo: string | null;

  @ApiProperty({
    type: TenantServerResponse,
    nullable: true,
    description: 'If null, the server of the service sends the mails.',
  })
  smtp: TenantServerResponse | null;
}

export class TestMailResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728' })
  id: string;

  @ApiProperty({ enum: ['pending', 'sent', 'suppressed', 'dead'], example: 'sent' })
  status: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Why the last try failed: connection, timeout, dns, tls, authentication, address_not_public, or smtp and the code of the reply.',
    example: 'authentication',
  })
  lastError: string | null;
}

export class DeletedResponse {
  @ApiProperty({ enum: [true], example: true })
  deleted: true;
}
