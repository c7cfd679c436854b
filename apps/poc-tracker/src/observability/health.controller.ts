import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthRoutes } from '@poc-tracker/http-service';
import { Unlimited } from '@poc-tracker/rate-limit';
import { HealthResponse } from './health.response.js';

@ApiTags('health')
@Controller()
@Unlimited()
export class HealthController extends HealthRoutes(HealthResponse) {}
