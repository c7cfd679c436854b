import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller, Get, Inject, Injectable, Module, Scope, type Type } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

/*
 * One light route with two ways to know the tenant of a request. Both chains are equally deep: controller, service,
 * repository, context. `Inject` is written out because tsx emits no parameter types.
 */
interface TenantContext {
  tenantId: string;
}

const storage = new AsyncLocalStorage<TenantContext>();

@Injectable()
class AmbientContext implements TenantContext {
  get tenantId(): string {
    return storage.getStore()?.tenantId ?? 'none';
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScopedContext implements TenantContext {
  constructor(@Inject(REQUEST) private readonly request: { headers: Record<string, string> }) {}

  get tenantId(): string {
    return this.request.headers['x-tenant-id'] ?? 'none';
  }
}

function appOn(context: Type<TenantContext>): Type<unknown> {
  @Injectable()
  class WhoRepository {
    constructor(@Inject(context) private readonly context: TenantContext) {}
    tenantId = (): string => this.context.tenantId;
  }

  @Injectable()
  class WhoService {
    constructor(@Inject(WhoRepository) private readonly repository: WhoRepository) {}
    tenantId = (): string => this.repository.tenantId();
  }

  @Controller()
  class WhoController {
    constructor(@Inject(WhoService) private readonly service: WhoService) {}

    @Get('who')
    who(): TenantContext {
      return { tenantId: this.service.tenantId() };
    }
  }

  @Module({ controllers: [WhoController], providers: [context, WhoRepository, WhoService] })
  class WhoModule {}
  return WhoModule;
}

const ambient = process.argv[2] === 'AsyncLocalStorage';
const app = await NestFactory.create<NestFastifyApplication>(
  appOn(ambient ? AmbientContext : RequestScopedContext),
  new FastifyAdapter(),
  { logger: false },
);
if (ambient) {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preHandler', (request, _reply, done) => {
      storage.run({ tenantId: String(request.headers['x-tenant-id']) }, done);
    });
}
await app.listen(Number(process.env['PORT']), '127.0.0.1');
