import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { HealthCheckName } from './health-check.js';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

type ServiceStatus = Exclude<HealthStatus, 'degraded'>;

const SERVICE_STATUSES: ServiceStatus[] = ['healthy', 'unhealthy'];

/** One thing that the service stands on. */
export class ServiceHealth {
  @ApiProperty({ enum: SERVICE_STATUSES })
  status: ServiceStatus;

  @ApiProperty({ description: 'How long the check took.', example: 2 })
  responseTimeMs: number;
}

/** The connections of the pool. */
class PoolHealth {
  @ApiProperty({ example: 10 })
  total: number;

  @ApiProperty({ example: 9 })
  idle: number;

  @ApiProperty({ description: 'Requests that wait for a connection.', example: 0 })
  waiting: number;

  @ApiProperty({ example: 100 })
  max: number;
}

class DatabaseHealth extends ServiceHealth {
  @ApiPropertyOptional({ description: 'Of PostgreSQL.', example: '18.4' })
  version?: string;

  @ApiPropertyOptional({ type: PoolHealth })
  pool?: PoolHealth;
}

class RedisHealth extends ServiceHealth {
  @ApiPropertyOptional({
    enum: ['server', 'embedded'],
    description: 'Embedded: the process keeps the state itself.',
  })
  mode?: 'server' | 'embedded';

  @ApiPropertyOptional({ description: 'Where the server tells it.', example: 1_048_576 })
  usedMemoryBytes?: number;
}

class ServicesHealth implements Record<HealthCheckName, ServiceHealth> {
  @ApiProperty({ type: DatabaseHealth })
  database: DatabaseHealth;

  @ApiProperty({ type: RedisHealth })
  redis: RedisHealth;

  @ApiProperty({ type: ServiceHealth })
  tenant_resolution: ServiceHealth;

  @ApiProperty({ type: ServiceHealth })
  jwt_signing: ServiceHealth;
}

/** Whether the process runs, or can serve. */
export class ProbeResponse {
  @ApiProperty({ enum: SERVICE_STATUSES })
  status: ServiceStatus;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;
}

/** The whole picture. */
export class HealthResponse {
  @ApiProperty({
    enum: ['healthy', 'degraded', 'unhealthy'] satisfies HealthStatus[],
    description: 'Degraded: everything works, some of it slower. Unhealthy: answered with 503.',
  })
  status: HealthStatus;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;

  @ApiProperty({ description: 'Of this service.', example: '0.1.0' })
  version: string;

  @ApiProperty({ type: ServicesHealth })
  services: ServicesHealth;
}
