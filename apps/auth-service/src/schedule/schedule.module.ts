import { Global, Module } from '@nestjs/common';
import { Scheduler } from './scheduler.js';

/** Recurring jobs. Every module may register some. */
@Global()
@Module({ providers: [Scheduler], exports: [Scheduler] })
export class ScheduleModule {}
