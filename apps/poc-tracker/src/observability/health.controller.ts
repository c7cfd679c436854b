import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { HealthService, RawResponse } from '@poc-tracker/http-service';
import type { FastifyReply } from 'fastify';
import type { HealthCheckName } from './health-checks.js';
import { HealthResponse, ProbeResponse } from './health.response.js';

/** For load balancers and operators. The routes are public, so responses contain no reasons, hosts or names. */
@ApiTags('health')
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService<HealthCheckName>) {}

  @Get('health')
  @Public()
  @RawResponse()
  @ApiOperation({ summary: 'Get the health of the service and its dependencies' })
  @ApiResponse({
    status: 200,
    description: 'The service is healthy or degraded.',
    type: HealthResponse,
  })
  @ApiResponse({ status: 503, description: 'The service is unhealthy.', type: HealthResponse })
  async getHealth(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return withStatus(reply, await this.health.report());
  }

  /** The same below the API's prefix, for clients that only know the prefix. */
  @Get('api/v1/health')
  @Public()
  @RawResponse()
  @ApiExcludeEndpoint()
  getHealthUnderPrefix(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthResponse> {
    return this.getHealth(reply);
  }

  @Get('health/live')
  @Public()
  @RawResponse()
  @ApiOperation({
    summary: 'Liveness probe',
    description:
      'Checks no dependency, because restarting the service does not repair a dependency.',
  })
  @ApiResponse({ status: 200, description: 'The process is running.', type: ProbeResponse })
  getLiveness(): ProbeResponse {
    return { status: 'healthy', timestamp: new Date().toISOString() };
  }

  @Get('health/ready')
  @Public()
  @RawResponse()
  @ApiOperation({
    summary: 'Readiness probe',
    description: 'Checks that the database accepts writes. Answers within a second.',
  })
  @ApiResponse({
    status: 200,
    description: 'The service can answer requests.',
    type: ProbeResponse,
  })
  @ApiResponse({
    status: 503,
    description: 'The database does not accept writes, or the service is stopping.',
    type: ProbeResponse,
  })
  async getReadiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<ProbeResponse> {
    return withStatus(reply, await this.health.readiness());
  }
}

function withStatus<T extends ProbeResponse | HealthResponse>(reply: FastifyReply, response: T): T {
  if (response.status === 'unhealthy') void reply.code(HttpStatus.SERVICE_UNAVAILABLE);
  return response;
}
