import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import {
  type BeforeApplicationShutdown,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Module,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  StreamableFile,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiOperation, ApiParam, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public, Roles } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { Type } from 'class-transformer';
import { IsOptional, IsString, ValidateNested } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { ApiErrors, DataResponse } from './openapi/api-documentation.js';
import { OAuthErrors } from './errors/oauth-error.js';
import { FormBody } from './body/form-body.js';
import { RawResponse } from './server/api.adapter.js';
import { EndlessResponse } from './server/endless-response.js';
import type { RequestTurns } from './connection/in-turn.js';
import { createHttpApp } from './server/http-app.factory.js';
import { createLogger } from './logging/logger.factory.js';
import { QueryInteger } from './fields/query-integer.decorator.js';
import { UuidParamPipe } from './fields/uuid-param.pipe.js';

class AddressDto {
  @ApiProperty({ example: 'Olinda' })
  @IsString()
  city: string;
}

class UserDto {
  @ApiProperty({ example: 'Ana' })
  @IsString()
  name: string;

  @ApiProperty({ type: AddressDto, required: false })
  @IsOptional()
  @ValidateNested()
  @Type(() => AddressDto)
  address?: AddressDto;
}

class UserPageDto {
  @ApiProperty({ type: UserDto, isArray: true })
  items: UserDto[];
}

class SearchQuery {
  @QueryInteger({ min: 1, max: 100, example: 20 })
  limit?: number;
}

/** Like an error of an ORM, which carries the statement and its values. */
class QueryFailedError extends Error {
  readonly code = 'XX000';
  readonly query = 'SELECT password_hash FROM users WHERE email = $1';
  readonly parameters = ['ana@acme.example'];
}

/** Keeps the handler of the slow route in flight until the test resolves `open`. */
export const gate = { entered: () => {}, open: Promise.resolve() };

/** Throws one of the errors that a handler may meet. */
function fail(kind: string): never {
  const failures: Record<string, unknown> = {
    raw: new Error('secret of the server at /srv/app'),
    database: new QueryFailedError('relation "users" does not exist'),
    unique: Object.assign(new Error('duplicate key'), { constraint: 'users_tenant_email_key' }),
    upstream: Object.assign(new Error('upstream said 404'), { statusCode: 404, status: 404 }),
    text: 'a thrown string',
    token: new ApiError('TOKEN_REVOKED'),
    anonymous: new ApiError('TOKEN_REQUIRED'),
    client: new ApiError('INVALID_CLIENT'),
    limit: new ApiError('RATE_LIMIT_EXCEEDED', { retryAfter: 7 }),
    field: ApiError.validation({ field: 'tok"én', message: 'must be a token' }),
    busy: new ApiError('SERVICE_BUSY', { retryAfter: 1.2, message: 'pool of 10 is empty' }),
  };
  throw failures[kind] ?? new NotFoundException(`no failure ${kind}`);
}

@ApiTags('users')
@Controller('users')
class UsersController {
  @Post()
  @Public()
  @HttpCode(201)
  @ApiOperation({ summary: 'Create a user' })
  @DataResponse(201, UserDto)
  @ApiErrors('USER_EXISTS', 'TENANT_REQUIRED')
  createUser(@Body() user: UserDto): UserDto {
    return user;
  }

  @Get()
  @Roles('admin')
  @ApiOperation({ summary: 'List users' })
  @DataResponse(200, UserPageDto, { message: 'Here they are.' })
  listUsers(@Query() query: SearchQuery): SearchQuery {
    return query;
  }

  @Get('slow')
  @Public()
  @ApiOperation({ summary: 'Get a user slowly' })
  @DataResponse(200)
  async getSlowUser(): Promise<void> {
    gate.entered();
    await gate.open;
  }

  @Get('address')
  @Public()
  @ApiOperation({ summary: 'Get the client address' })
  @DataResponse(200)
  getClientAddress(@Req() { ip, host }: FastifyRequest): object {
    return { ip, host };
  }

  @Get('failures/:kind')
  @Public()
  @ApiOperation({ summary: 'Get an error' })
  @ApiParam({ name: 'kind', example: 'raw' })
  @DataResponse(200)
  getError(@Param('kind') kind: string): never {
    return fail(kind);
  }

  @Delete(':userId')
  @Public()
  @ApiOperation({ summary: 'Delete a user' })
  @DataResponse(200)
  deleteUser(@Param('userId', UuidParamPipe) userId: string): string {
    return userId;
  }
}

class RawDto {
  @ApiProperty({ example: 'raw' })
  status: string;
}

@ApiTags('health')
@Controller('health')
class RawController implements BeforeApplicationShutdown {
  private ready = true;

  beforeApplicationShutdown(): void {
    this.ready = false;
  }

  @Get('ready')
  @Public()
  @RawResponse()
  @ApiOperation({ summary: 'Readiness probe' })
  @ApiResponse({ status: 200, description: 'Ready.', type: RawDto })
  getReadiness(): RawDto {
    if (!this.ready) throw new ApiError('SERVICE_UNAVAILABLE');
    return { status: 'ready' };
  }

  @Get()
  @Public()
  @RawResponse()
  @ApiOperation({ summary: 'Get a response without an envelope' })
  @ApiResponse({ status: 200, description: 'Raw.', type: RawDto })
  getRaw(): RawDto {
    return { status: 'raw' };
  }
}

@ApiTags('streams')
@Controller('streams')
class StreamController {
  @Get()
  @Public()
  @EndlessResponse()
  @ApiOperation({ summary: 'Stream without an end' })
  @ApiResponse({
    status: 200,
    description: 'A stream.',
    content: { 'text/plain': { schema: { type: 'string' }, example: 'first line' } },
  })
  streamForever(): StreamableFile {
    const stream = new PassThrough();
    stream.write('first line\n');
    return new StreamableFile(stream, { type: 'text/plain' });
  }
}

@ApiTags('oauth')
@Controller('oauth')
class OAuthController {
  @Post(':kind')
  @Public()
  @FormBody()
  @OAuthErrors()
  @ApiOperation({ summary: 'Get an error in the format of OAuth' })
  @ApiParam({ name: 'kind', example: 'raw' })
  @DataResponse(200)
  @ApiErrors('INVALID_CLIENT', 'SERVICE_BUSY')
  getOauthError(@Param('kind') kind: string): never {
    return fail(kind);
  }
}

@Module({ controllers: [UsersController, RawController, StreamController, OAuthController] })
class EdgeModule {}

export interface Edge {
  app: NestFastifyApplication;
  /** Every line of the log, parsed. */
  logged: Record<string, unknown>[];
}

export const EDGE_API = {
  title: 'Edge',
  description: 'Controllers for tests of hostile input.',
  tags: { users: 'Users.', health: 'Health.', streams: 'Streams.', oauth: 'OAuth.' },
};

/** An application with the edge of the service and controllers for tests of hostile input. */
export async function createEdge(
  options: {
    trustedProxies?: string[];
    requestTimeoutMs?: number;
    uploadTimeoutMs?: number;
    shutdownDelayMs?: number;
    preview?: boolean;
    logLevel?: 'info' | 'debug';
    turns?: RequestTurns;
  } = {},
): Promise<Edge> {
  const logged: Record<string, unknown>[] = [];
  const app = await createHttpApp(EdgeModule, {
    settings: {
      host: '127.0.0.1',
      port: 0,
      trustedProxies: options.trustedProxies ?? [],
      requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
      shutdownDelayMs: options.shutdownDelayMs ?? 0,
    },
    logger: createLogger(options.logLevel ?? 'info', {
      write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>),
    }),
    requestId: randomUUID,
    preview: options.preview ?? false,
    ...(options.turns !== undefined && { turns: options.turns }),
    ...(options.uploadTimeoutMs !== undefined && { uploadTimeoutMs: options.uploadTimeoutMs }),
    translateError: (error) =>
      error instanceof Error && 'constraint' in error
        ? new ApiError('USER_EXISTS', { cause: error })
        : undefined,
  });
  return { app, logged };
}
