import { ApiProperty } from '@nestjs/swagger';

/** An authenticator app that is still to be confirmed. */
export class StartedTotpResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-9d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({
    description: 'The secret in base32, for apps without a camera. It is not shown again.',
    example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  })
  secret: string;

  @ApiProperty({
    description: 'The address that the QR code contains.',
    example:
      'otpauth://totp/Acme:ana%40acme.example?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme',
  })
  uri: string;

  @ApiProperty({ description: 'The QR code, as an SVG image.', example: '<svg …></svg>' })
  qrCode: string;
}
