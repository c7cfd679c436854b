import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { RawResponse } from '@poc-tracker/http-service';
import type { FastifyReply } from 'fastify';
import { HealthResponse, ProbeResponse } from './health.response.js';
import { HealthService } from './health.service.js';

/** For load balancers and operators; public, and therefore without reasons, hosts or names. */
@ApiTags('health')
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('health')
  @Public()
  @RawResponse()
  @ApiOperation({ summary: 'Tell how the service and what it stands on are' })
  @ApiResponse({ status: 200, description: 'Healthy.', type: HealthResponse })
  @ApiResponse({ status: 503, description: 'Unhealthy.', type: HealthResponse })
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return withStatus(reply, await this.health.report());
  }

  /** The same for clients that know nothing but the API's prefix. */
  @Get('api/v1/health')
  @Public()
  @RawResponse()
  @ApiExcludeEndpoint()
  reportUnderPrefix(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return this.report(reply);
  }

  @Get('health/live')
  @Public()
  @RawResponse()
  @ApiOperation({
    summary: 'Tell that the process runs',
    description: 'Depends on nothing: a restart does not mend a database that is down.',
  })
  @ApiResponse({ status: 200, description: 'It runs.', type: ProbeResponse })
  live(): ProbeResponse {
    return { status: 'healthy', timestamp: new Date().toISOString() };
  }

  @Get('health/ready')
  @Public()
  @RawResponse()
  @ApiOperation({ summary: 'Tell whether requests can be answered' })
  @ApiResponse({ status: 200, description: 'They can.', type: ProbeResponse })
  @ApiResponse({ status: 503, description: 'The database is down.', type: ProbeResponse })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ProbeResponse> {
    return withStatus(reply, await this.health.readiness());
  }
}

function withStatus<T extends ProbeResponse>(reply: FastifyReply, answer: T): T {
  if (answer.status === 'unhealthy') void reply.code(HttpStatus.SERVICE_UNAVAILABLE);
  return answer;
}
