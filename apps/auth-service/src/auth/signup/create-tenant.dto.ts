import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Plan, PLANS } from '@poc-tracker/contracts';
import { IsIn, IsString, MaxLength } from 'class-validator';
import { EmailAddress, Omittable, NameField, TextLine } from '@poc-tracker/http-service';
import { MAX_PRESENTED_PASSWORD } from '../../protection/password-text.js';
import { Subdomain } from '../../tenant/subdomain.decorator.js';
import { DeviceId } from '../login/login.dto.js';

/** A new tenant and its first admin. */
export class CreateTenantDto {
  @TextLine({ max: 255, example: 'Initech Ltda' })
  name: string;

  @Subdomain('initech')
  subdomain: string;

  @EmailAddress('admin@initech.example')
  adminEmail: string;

  @ApiProperty({
    description: 'Must be strong and not among leaked passwords.',
    example: 'amber kettle river 41',
  })
  @IsString()
  @MaxLength(MAX_PRESENTED_PASSWORD)
  adminPassword: string;

  @NameField({ example: 'Ana', required: false })
  adminFirstName?: string;

  @NameField({ example: 'Souza', required: false })
  adminLastName?: string;

  @ApiPropertyOptional({ enum: PLANS, default: 'basic', example: 'basic' })
  @Omittable()
  @IsIn(PLANS)
  planType: Plan = 'basic';

  @DeviceId()
  deviceId?: string;
}
