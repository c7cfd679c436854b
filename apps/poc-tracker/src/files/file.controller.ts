import {
  Controller,
  Delete,
  Get,
  Param,
  Post,
  Query,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Authenticated, CurrentUser, type Principal } from '@poc-tracker/auth-kit';
import {
  ApiErrors,
  DataResponse,
  PageQuery,
  RawBody,
  UuidParamPipe,
} from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import { OwnTransactions } from '@poc-tracker/tenancy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ContentService } from './content.service.js';
import { UploadQuery } from './file.dto.js';
import { FilePageResponse, FileResponse } from './file.response.js';
import { FileService } from './file.service.js';
import { UploadService } from './upload.service.js';

const BINARY = { schema: { type: 'string', format: 'binary' }, example: 'the content of the file' };

@ApiTags('files')
@Controller('pocs/:pocId/files')
export class FileController {
  constructor(
    private readonly files: FileService,
    private readonly uploads: UploadService,
    private readonly contents: ContentService,
  ) {}

  @Post()
  @Authenticated()
  @RateLimited('uploads')
  @RawBody()
  @OwnTransactions()
  @ApiOperation({
    summary: 'Upload a file to a POC',
    description:
      'The body is the content, of any media type. Content-Length is required. Videos require the feature ' +
      'video_generation. A user can have 50 uploads and downloads at once on each instance, and a tenant 200.',
  })
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary', example: 'the content of the file' } })
  @DataResponse(201, FileResponse)
  @ApiErrors(
    'NOT_FOUND',
    'INSUFFICIENT_PERMISSIONS',
    'STORAGE_LIMIT_EXCEEDED',
    'FEATURE_NOT_AVAILABLE',
    'SUBSCRIPTION_ENDED',
    'SERVICE_BUSY',
  )
  uploadFile(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Query() { name }: UploadQuery,
    @Req() request: FastifyRequest,
  ): Promise<FileResponse> {
    return this.uploads.upload(principal, pocId, name, request);
  }

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'List the files of a POC' })
  @DataResponse(200, FilePageResponse)
  @ApiErrors('NOT_FOUND')
  listFiles(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Query() query: PageQuery,
  ): Promise<FilePageResponse> {
    return this.files.list(principal, pocId, query);
  }

  @Get(':fileId')
  @Authenticated()
  @ApiOperation({ summary: 'Get the metadata of a file' })
  @DataResponse(200, FileResponse)
  @ApiErrors('NOT_FOUND')
  getFile(
    @Param('pocId', UuidParamPipe) pocId: string,
    @Param('fileId', UuidParamPipe) fileId: string,
  ): Promise<FileResponse> {
    return this.files.get(pocId, fileId);
  }

  @Get(':fileId/content')
  @Authenticated()
  @OwnTransactions()
  @ApiOperation({
    summary: 'Download a file',
    description:
      'Supports range and conditional requests. A user can have 50 uploads and downloads at once on each instance, and a ' +
      'tenant 200. The connection is closed if you read nothing for 30 seconds.',
  })
  @ApiHeader({ name: 'range', required: false, schema: { type: 'string' }, example: 'bytes=0-99' })
  @ApiHeader({
    name: 'if-range',
    required: false,
    schema: { type: 'string' },
    description: 'ETag. The range is ignored if the file has another one.',
  })
  @ApiHeader({ name: 'if-none-match', required: false, schema: { type: 'string' } })
  @ApiResponse({ status: 200, description: 'The whole content.', content: { '*/*': BINARY } })
  @ApiResponse({ status: 206, description: 'The requested range.', content: { '*/*': BINARY } })
  @ApiResponse({ status: 304, description: 'The content has not changed.' })
  @ApiErrors('NOT_FOUND', 'RANGE_NOT_SATISFIABLE', 'RATE_LIMIT_EXCEEDED', 'SERVICE_BUSY')
  downloadFile(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Param('fileId', UuidParamPipe) fileId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    return this.contents.download(principal, { pocId, fileId }, request, reply);
  }

  @Delete(':fileId')
  @Authenticated()
  @OwnTransactions()
  @ApiOperation({ summary: 'Delete a file' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  deleteFile(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Param('fileId', UuidParamPipe) fileId: string,
  ): Promise<void> {
    return this.files.delete(principal, pocId, fileId);
  }
}
