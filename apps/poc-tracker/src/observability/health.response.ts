import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const STATUSES = ['healthy', 'unhealthy'] as const;

type Status = (typeof STATUSES)[number];

class ServiceHealth {
  @ApiProperty({ example: true })
  healthy: boolean;

  @ApiProperty({ description: 'Duration of the check in milliseconds.', example: 2 })
  responseTime: number;
}

class ServicesHealth {
  @ApiProperty({ type: ServiceHealth })
  database: ServiceHealth;

  @ApiProperty({ type: ServiceHealth, description: 'The folder with the content of files.' })
  storage: ServiceHealth;

  @ApiProperty({
    type: ServiceHealth,
    description: "unhealthy: this process's clock and PostgreSQL's differ by more than 5 seconds.",
  })
  clock: ServiceHealth;
}

/** The result of a liveness or readiness probe. */
export class ProbeResponse {
  @ApiProperty({ enum: STATUSES })
  status: Status;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;
}

export class HealthResponse {
  @ApiProperty({
    enum: [...STATUSES, 'degraded'],
    description: 'degraded: the clock of this process is wrong.',
  })
  status: Status | 'degraded';

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;

  @ApiPropertyOptional({ description: 'Version of this service.', example: '0.1.0' })
  version?: string;

  @ApiProperty({ type: ServicesHealth })
  services: ServicesHealth;
}
