import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthRoutes } from '@poc-tracker/http-service';
import { Unlimited } from '@poc-tracker/rate-limit';
import { Tenantless } from '../tenant/resolution/tenantless.decorator.js';
import { HealthResponse } from './health.response.js';

@ApiTags('health')
@Controller()
@Unlimited()
@Tenantless()
export class HealthController extends HealthRoutes(HealthResponse) {}
