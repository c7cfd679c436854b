import { ApiPropertyOptional } from '@nestjs/swagger';
import { EmailAddress, NameField, Omittable } from '@poc-tracker/http-service';
import { IsString, Length } from 'class-validator';
import { NewPassword } from '../../protection/passwords/password-field.decorator.js';
import { DeviceId } from '../login/login.dto.js';

export const MAX_INVITE_TOKEN = 512;

export class RegisterDto {
  @EmailAddress('ana@acme.example')
  email: string;

  @NewPassword()
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
  @Length(1, MAX_INVITE_TOKEN)
  inviteToken?: string;

  @DeviceId()
  deviceId?: string;
}
