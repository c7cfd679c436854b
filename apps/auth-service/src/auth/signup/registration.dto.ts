import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { EmailAddress, NameField, Omittable } from '@poc-tracker/http-service';
import { IsString, Length, MaxLength } from 'class-validator';
import { MAX_PRESENTED_PASSWORD } from '../../protection/password-text.js';
import { DeviceId } from '../login/login.dto.js';

export class RegisterDto {
  @EmailAddress('ana@acme.example')
  email: string;

  @ApiProperty({
    description: 'Must be strong and not among leaked passwords.',
    example: 'amber kettle river 41',
  })
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  password: string;

  @NameField({ example: 'Ana', required: true })
  firstName: string;

  @NameField({ example: 'Souza', required: true })
  lastName: string;

  @ApiPropertyOptional({
    description:
      'The token of an invitation or of an invitation link. It sets the role of the user.',
  })
  @Omittable()
  @IsString()
  @Length(1, 512)
  inviteToken?: string;

  @DeviceId()
  deviceId?: string;
}
