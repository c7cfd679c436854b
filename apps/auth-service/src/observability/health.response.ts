import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  DatabaseHealth,
  HEALTH_STATUSES,
  type HealthStatus,
  ServiceHealth,
} from '@poc-tracker/http-service';
import type { HealthCheckName } from './health-check.js';

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

export class HealthResponse {
  @ApiProperty({
    enum: HEALTH_STATUSES,
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
