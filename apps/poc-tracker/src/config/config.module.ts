import { type DynamicModule, Module } from '@nestjs/common';
import { TRACKER_CONFIG, type TrackerConfig } from './tracker-config.js';

/** Makes the configuration injectable everywhere as `@Inject(TRACKER_CONFIG)`. */
@Module({})
export class ConfigModule {
  static of(config: TrackerConfig): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: TRACKER_CONFIG, useValue: config }],
      exports: [TRACKER_CONFIG],
    };
  }
}
