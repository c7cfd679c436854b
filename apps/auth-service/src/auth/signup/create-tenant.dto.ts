import { ApiPropertyOptional } from '@nestjs/swagger';
import { type Plan, PLANS } from '@poc-tracker/contracts';
import { IsIn } from 'class-validator';
import { EmailAddress, Omittable, NameField, TextLine } from '@poc-tracker/http-service';
import { NewPassword } from '../../protection/passwords/password-field.decorator.js';
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

  @NewPassword()
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
