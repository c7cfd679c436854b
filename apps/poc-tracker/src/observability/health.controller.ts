import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthRoutes } from '@poc-tracker/http-service';
import { HealthResponse } from './health.response.js';

@ApiTags('health')
@Controller()
export class HealthController extends HealthRoutes(HealthResponse) {}
