import { ApiProperty } from '@nestjs/swagger';
import { EmailAddress } from '@poc-tracker/http-service';
import { IsString, Length, MaxLength } from 'class-validator';
import { MAX_PRESENTED_PASSWORD } from '../../protection/password-text.js';
import { DeviceId } from '../login/login.dto.js';

export class ChangePasswordDto {
  @ApiProperty({ example: 'amber kettle river 41' })
  @IsString()
  @Length(1, MAX_PRESENTED_PASSWORD)
  currentPassword: string;

  @ApiProperty({ example: 'cinco garças voam baixo' })
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  newPassword: string;
}

export class RenewPasswordDto extends ChangePasswordDto {
  @EmailAddress('ana@acme.example')
  email: string;

  @DeviceId()
  deviceId?: string;
}
