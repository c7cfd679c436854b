import { Global, Module } from '@nestjs/common';
import { type Principal, PrincipalFinder, SessionStatusService } from '@poc-tracker/auth-kit';

/** Whom the token of a request to a public route identifies. */
export const bearer: { principal: Principal | undefined } = { principal: undefined };

/** Stands in for AuthKitModule, which the modules below the sessions get from the application. */
@Global()
@Module({
  providers: [
    { provide: PrincipalFinder, useValue: { find: () => Promise.resolve(bearer.principal) } },
    { provide: SessionStatusService, useValue: {} },
  ],
  exports: [PrincipalFinder, SessionStatusService],
})
export class StubAuthModule {}
