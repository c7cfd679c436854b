import { ApiProperty } from '@nestjs/swagger';

const STATUSES = ['healthy', 'unhealthy'] as const;

type Status = (typeof STATUSES)[number];

export class ServiceHealth {
  @ApiProperty({ enum: STATUSES })
  status: Status;

  @ApiProperty({ description: 'How long the check took.', example: 2 })
  responseTimeMs: number;
}

class ServicesHealth {
  @ApiProperty({ type: ServiceHealth })
  database: ServiceHealth;

  @ApiProperty({ type: ServiceHealth, description: 'The folder of the files.' })
  storage: ServiceHealth;
}

/** Whether the process runs, or can serve. */
export class ProbeResponse {
  @ApiProperty({ enum: STATUSES })
  status: Status;

  @ApiProperty({ type: String, format: 'date-time' })
  timestamp: string;
}

/** The whole picture. */
export class HealthResponse extends ProbeResponse {
  @ApiProperty({ description: 'Of this service.', example: '0.1.0' })
  version: string;

  @ApiProperty({ type: ServicesHealth })
  services: ServicesHealth;
}
