import type { FactoryProvider, ValueProvider } from '@nestjs/common';
import type { SessionStatusService } from './session-status.service.js';

/** How the application provides its {@link SessionStatusService}: a value, or a factory with injected dependencies. */
export type SessionStatusProvider =
  | Pick<ValueProvider<SessionStatusService>, 'useValue'>
  | Pick<FactoryProvider<SessionStatusService>, 'inject' | 'useFactory'>;
