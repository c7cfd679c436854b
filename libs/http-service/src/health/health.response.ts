import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const SERVICE_STATUSES = ['healthy', 'unhealthy'] as const;

type ServiceStatus = (typeof SERVICE_STATUSES)[number];

export const HEALTH_STATUSES = [...SERVICE_STATUSES, 'degraded'] as const;

export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** The health of one dependency. */
export class ServiceHealth {
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

export class DatabaseHealth extends ServiceHealth {
  @ApiPropertyOptional({ description: 'Version of PostgreSQL.', example: '18.4' })
  version?: string;

  @ApiPropertyOptional({ type: PoolHealth })
  pool?: PoolHealth;
}

/** The result of a liveness or readiness probe. */
export class ProbeResponse {
  @ApiProperty({ enum: SERVICE_STATUSES })
  status: ServiceStatus;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;
}
