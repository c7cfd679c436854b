import { ApiProperty } from '@nestjs/swagger';

/** What a log-in page shows of a tenant before anybody has signed in. */
export class PublicBrandingResponse {
  @ApiProperty({ example: 'Acme Ltda' })
  name: string;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'uri',
    example: 'https://acme.example/logo.svg',
  })
  logoUrl: string | null;

  @ApiProperty({ example: '#2563eb' })
  primaryColor: string;

  @ApiProperty({ example: false })
  darkMode: boolean;
}
