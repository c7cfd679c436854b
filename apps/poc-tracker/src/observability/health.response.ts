import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  DatabaseHealth,
  HEALTH_STATUSES,
  type HealthStatus,
  ServiceHealth,
} from '@poc-tracker/http-service';

class ServicesHealth {
  @ApiProperty({ type: DatabaseHealth })
  database: DatabaseHealth;

  @ApiProperty({ type: ServiceHealth, description: 'The folder with the content of files.' })
  storage: ServiceHealth;

  @ApiProperty({
    type: ServiceHealth,
    description: 'unhealthy: Redis does not work, and each instance counts rate limits for itself.',
  })
  redis: ServiceHealth;

  @ApiProperty({
    type: ServiceHealth,
    description: "unhealthy: this process's clock and PostgreSQL's differ by more than 5 seconds.",
  })
  clock: ServiceHealth;
}

export class HealthResponse {
  @ApiProperty({
    enum: HEALTH_STATUSES,
    description:
      'degraded: the disk is full, Redis does not work, or the clock of this process is wrong.',
  })
  status: HealthStatus;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;

  @ApiPropertyOptional({ description: 'Version of this service.', example: '0.1.0' })
  version?: string;

  @ApiProperty({ type: ServicesHealth })
  services: ServicesHealth;
}
