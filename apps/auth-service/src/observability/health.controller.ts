import { Controller, Get, HttpStatus, Inject, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { FastifyReply } from 'fastify';
import { RawResponse } from '@poc-tracker/http-service';
import { Tenantless } from '../tenant/resolution/tenantless.decorator.js';
import { HealthResponse, ProbeResponse } from './health.response.js';
import { HealthService } from './health.service.js';

/** For load balancers and operators; public, and therefore without reasons, hosts or names. */
@ApiTags('health')
@Controller()
export class HealthController {
  constructor(@Inject(HealthService) private readonly health: HealthService) {}

  @Get('health')
  @Public()
  @RawResponse()
  @Tenantless()
  @ApiOperation({ summary: 'Tell how the service and what it stands on are' })
  @ApiResponse({ status: 200, description: 'Healthy or degraded.', type: HealthResponse })
  @ApiResponse({ status: 503, description: 'Unhealthy.', type: HealthResponse })
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    const report = await this.health.report();
    if (report.status === 'unhealthy') void reply.code(HttpStatus.SERVICE_UNAVAILABLE);
    return report;
  }

  /** The same for clients that know nothing but the API's prefix. */
  @Get('api/v1/health')
  @Public()
  @RawResponse()
  @Tenantless()
  @ApiExcludeEndpoint()
  reportUnderPrefix(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return this.report(reply);
  }

  @Get('health/live')
  @Public()
  @RawResponse()
  @Tenantless()
  @ApiOperation({
    summary: 'Tell that the process runs',
    description:
      'Depends on nothing: restarting the service does not mend a database that is down.',
  })
  @ApiResponse({ status: 200, description: 'It runs.', type: ProbeResponse })
  live(): ProbeResponse {
    return { status: 'healthy', timestamp: new Date().toISOString() };
  }

  @Get('health/ready')
  @Public()
  @RawResponse()
  @Tenantless()
  @ApiOperation({ summary: 'Tell whether requests can be answered' })
  @ApiResponse({ status: 200, description: 'They can.', type: ProbeResponse })
  @ApiResponse({ status: 503, description: 'The database is down.', type: ProbeResponse })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ProbeResponse> {
    const readiness = await this.health.readiness();
    if (readiness.status === 'unhealthy') void reply.code(HttpStatus.SERVICE_UNAVAILABLE);
    return readiness;
  }
}
