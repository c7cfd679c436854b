import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { HealthCheckName } from './health-check.js';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

type ServiceStatus = Exclude<HealthStatus, 'degraded'>;

const SERVICE_STATUSES: ServiceStatus[] = ['healthy', 'unhealthy'];

/** The health of one dependency. */
class ServiceHealth {
  @ApiProperty({ example: true })
  healthy: boolean;

  @ApiProperty({ description: 'Duration of the check in milliseconds.', example: 2 })
  responseTime: number;
}

class PoolHealth {
  @ApiProperty({ example: 10 })
  total: number;

  @ApiProperty({ example: 9 })
  idle: number;

  @ApiProperty({ description: 'Number of requests that wait for a connection.', example: 0 })
  waiting: number;

  @ApiProperty({ example: 100 })
  max: number;
}

class DatabaseHealth extends ServiceHealth {
  @ApiPropertyOptional({ description: 'Version of PostgreSQL.', example: '18.4' })
  version?: string;

  @ApiPropertyOptional({ type: PoolHealth })
  pool?: PoolHealth;
}

class RedisHealth extends ServiceHealth {
  @ApiPropertyOptional({
    enum: ['server', 'embedded'],
    description: 'embedded: no Redis is configured, and the process keeps the state itself.',
  })
  mode?: 'server' | 'embedded';

  @ApiPropertyOptional({
    description: 'Memory in use, if the server reports it.',
    example: 1_048_576,
  })
  usedMemoryBytes?: number;
}

class ServicesHealth implements Record<HealthCheckName, ServiceHealth> {
  @ApiProperty({ type: DatabaseHealth })
  database: DatabaseHealth;

  @ApiProperty({ type: RedisHealth })
  redis: RedisHealth;

  @ApiProperty({
    type: ServiceHealth,
    description: "unhealthy: this process's clock and PostgreSQL's differ by more than 5 seconds.",
  })
  clock: ServiceHealth;

  @ApiProperty({ type: ServiceHealth })
  tenant_resolution: ServiceHealth;

  @ApiProperty({ type: ServiceHealth })
  jwt_signing: ServiceHealth;
}

/** The result of a liveness or readiness probe. */
export class ProbeResponse {
  @ApiProperty({ enum: SERVICE_STATUSES })
  status: ServiceStatus;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;
}

export class HealthResponse {
  @ApiProperty({
    enum: ['healthy', 'degraded', 'unhealthy'] satisfies HealthStatus[],
    description:
      'degraded: everything works, but some requests are slower, or the clock of this process is wrong. unhealthy: the ' +
      'status code is 503.',
  })
  status: HealthStatus;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;

  @ApiPropertyOptional({ description: 'Version of this service.', example: '0.1.0' })
  version?: string;

  @ApiProperty({ type: ServicesHealth })
  services: ServicesHealth;
}
