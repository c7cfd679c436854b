import { Get, HttpStatus, Inject, Res, type Type } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { FastifyReply } from 'fastify';
import { RawResponse } from '../server/api.adapter.js';
import type { HealthReport, Readiness } from './health-check.js';
import { ProbeResponse } from './health.response.js';
import { HealthService } from './health.service.js';

/** Routes for load balancers and operators. They are public, so responses contain no reasons, hosts or names. */
interface Routes {
  getHealth(reply: FastifyReply): Promise<HealthReport<string>>;
  getHealthUnderPrefix(reply: FastifyReply): Promise<HealthReport<string>>;
  getLiveness(): ProbeResponse;
  getReadiness(reply: FastifyReply): Promise<ProbeResponse>;
}

/**
 * The base class of a service's health controller.
 * @param report the documented response of `GET /health`, which names the dependencies of the service
 */
export function HealthRoutes(report: Type): Type<Routes> {
  class HealthRoutesOfService implements Routes {
    constructor(@Inject(HealthService) private readonly health: HealthService) {}

    @Get('health')
    @Public()
    @RawResponse()
    @ApiOperation({ summary: 'Get the health of the service and its dependencies' })
    @ApiResponse({ status: 200, description: 'The service is healthy or degraded.', type: report })
    @ApiResponse({ status: 503, description: 'The service is unhealthy.', type: report })
    async getHealth(@Res({ passthrough: true }) reply: FastifyReply) {
      return withStatus(reply, await this.health.report());
    }

    /** The same below the API's prefix, for clients that only know the prefix. */
    @Get('api/v1/health')
    @Public()
    @RawResponse()
    @ApiExcludeEndpoint()
    getHealthUnderPrefix(@Res({ passthrough: true }) reply: FastifyReply) {
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
  return HealthRoutesOfService;
}

function withStatus<T extends HealthReport<string> | Readiness>(reply: FastifyReply, result: T): T {
  if (result.status === 'unhealthy') void reply.code(HttpStatus.SERVICE_UNAVAILABLE);
  return result;
}
