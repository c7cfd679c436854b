import { type DynamicModule, Module } from '@nestjs/common';

/** Makes the configuration of a service injectable everywhere by its token. */
@Module({})
export class ConfigModule {
  static of(token: symbol, config: object): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: token, useValue: config }],
      exports: [token],
    };
  }
}
