import { ApiPropertyOptional } from '@nestjs/swagger';
import { EmailAddress, Omittable } from '@poc-tracker/http-service';
import { IsBoolean } from 'class-validator';
import { DeviceId } from '../login/login.dto.js';
import { OneTimeCodeField, OneTimeTokenField } from '../one-time-tokens/one-time-token.field.js';

export class SendLoginMailDto {
  @EmailAddress('ana@acme.example')
  email: string;
}

export class MagicLinkLoginDto {
  @OneTimeTokenField()
  token: string;

  @ApiPropertyOptional({
    description: 'Confirms the log-in in another browser than the one that asked for the link.',
    example: true,
  })
  @Omittable()
  @IsBoolean()
  confirm?: boolean;

  @DeviceId()
  deviceId?: string;
}

export class CodeLoginDto extends SendLoginMailDto {
  @OneTimeCodeField()
  code: string;

  @DeviceId()
  deviceId?: string;
}
