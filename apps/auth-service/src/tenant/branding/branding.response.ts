import { ApiProperty } from '@nestjs/swagger';

/** The branding that a log-in page shows before the user is authenticated. */
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
