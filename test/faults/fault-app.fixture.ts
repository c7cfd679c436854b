import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  Module,
  Param,
  Post,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiError, PERMISSIONS, type TenantSnapshot } from '@poc-tracker/contracts';
import {
  createErrorTranslator,
  currentRequest,
  registerRequestContext,
  TenancyModule,
  type TenancyOptions,
  TenantDatabase,
  TenantInterceptor,
  uuidv7,
} from '@poc-tracker/tenancy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A small tenant table for the faults to hit. */
@Entity('tenant_settings')
export class Setting {
  @PrimaryColumn({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @PrimaryColumn({ name: 'setting_key', type: 'varchar' })
  key: string;

  @Column({ name: 'setting_value', type: 'jsonb' })
  value: unknown;
}

export interface Answer {
  status: number;
  body: unknown;
}

type Handler = (database: TenantDatabase) => Promise<unknown>;

/** What a spec runs inside of requests. */
export interface Behavior {
  handlers: Record<string, Handler>;
  /** Runs in a guard, before the interceptors. */
  guard?: () => Promise<void>;
}

const BEHAVIOR = Symbol('BEHAVIOR');

/** Trusts a header, where the service trusts a verified token. */
@Injectable()
class HeaderTenantGuard implements CanActivate {
  constructor(@Inject(BEHAVIOR) private readonly behavior: Behavior) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const current = currentRequest();
    current.tenant = { id: headers['x-acting-tenant'] } as TenantSnapshot;
    current.user = { id: uuidv7(), role: 'admin', permissions: PERMISSIONS };
    await this.behavior.guard?.();
    return true;
  }
}

@Controller()
class FaultController {
  constructor(
    @Inject(BEHAVIOR) private readonly behavior: Behavior,
    private readonly database: TenantDatabase,
  ) {}

  @Post(':handler')
  run(@Param('handler') name: string): Promise<unknown> {
    const handler = this.behavior.handlers[name];
    if (handler === undefined) throw new ApiError('NOT_FOUND');
    return handler(this.database);
  }
}

const toApiError = createErrorTranslator();

@Catch()
class CodeFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const known = error instanceof ApiError ? error : toApiError(error);
    const { code, status } = known ?? new ApiError('INTERNAL_ERROR');
    void host.switchToHttp().getResponse<FastifyReply>().status(status).send({ code });
  }
}

@Module({})
class FaultModule {
  static forRoot(options: TenancyOptions, behavior: Behavior): DynamicModule {
    return {
      module: FaultModule,
      imports: [TenancyModule.forRoot(options)],
      controllers: [FaultController],
      providers: [
        { provide: BEHAVIOR, useValue: behavior },
        { provide: APP_GUARD, useClass: HeaderTenantGuard },
        { provide: APP_FILTER, useClass: CodeFilter },
        { provide: APP_INTERCEPTOR, useExisting: TenantInterceptor },
      ],
    };
  }
}

export class FaultApp {
  private constructor(
    readonly nest: NestFastifyApplication,
    private readonly url: string,
  ) {}

  /** Listens on a free port, so that tests can break connections. */
  static async start(
    options: Pick<TenancyOptions, 'serviceUrl' | 'poolMax' | 'tenantShare' | 'requestTimeoutMs'>,
    behavior: Behavior,
  ): Promise<FaultApp> {
    const module = FaultModule.forRoot(
      { poolMin: 0, tls: false, entities: [Setting], ...options },
      behavior,
    );
    const nest = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
      logger: ['error'],
      abortOnError: false,
    });
    registerRequestContext(nest.getHttpAdapter().getInstance());
    await nest.listen(0, '127.0.0.1');
    return new FaultApp(nest, await nest.getUrl());
  }

  get database(): TenantDatabase {
    return this.nest.get(TenantDatabase);
  }

  /** Sends a request on its own connection. Rejects if the connection breaks or `signal` aborts it. */
  call(handler: string, tenantId: string, signal?: AbortSignal): Promise<Answer> {
    const { promise, resolve, reject } = deferred<Answer>();
    const outgoing = request(`${this.url}/${handler}`, {
      method: 'POST',
      agent: false,
      headers: { 'x-acting-tenant': tenantId, 'content-type': 'application/json' },
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.on('error', reject).on('response', (response) => {
      json(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    // In two parts, because the second one arrives in a socket event that belongs to no request.
    outgoing.write('{"some":');
    setTimeout(() => outgoing.end('"body"}'), 5);
    return promise;
  }
}

/** A promise that is settled from outside. */
export function deferred<T = undefined>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  let settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  if (settle === undefined) throw new Error('unreachable: the executor runs at once');
  return { promise, ...settle };
}
