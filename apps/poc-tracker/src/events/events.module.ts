import { Module } from '@nestjs/common';
import { PocsModule } from '../pocs/pocs.module.js';
import { PocChangeListener } from './poc-change.listener.js';
import { PocEventsController } from './poc-events.controller.js';
import { PocEventsService } from './poc-events.service.js';

/** Live events of POCs. */
@Module({
  imports: [PocsModule],
  controllers: [PocEventsController],
  providers: [PocChangeListener, PocEventsService],
})
export class EventsModule {}
