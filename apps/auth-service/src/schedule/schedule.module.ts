import { Global, Module } from '@nestjs/common';
import { Scheduler } from './scheduler.js';

/** Work that recurs by itself. Every module may register some. */
@Global()
@Module({ providers: [Scheduler], exports: [Scheduler] })
export class ScheduleModule {}
