import { Controller, Get, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { OwnTransactions } from '@poc-tracker/tenancy';
import {
  AuditEntryResponse,
  AuditHeadResponse,
  AuditPageResponse,
  AuditRangeQuery,
  ListAuditQuery,
} from './audit.dto.js';
import { AuditLogService } from './audit-log.service.js';
import { AuditExport } from './audit-export.js';

/** One JSON value a line. */
const NDJSON = 'application/x-ndjson';

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(
    private readonly trail: AuditLogService,
    private readonly exports: AuditExport,
  ) {}

  @Get()
  @Permissions('view_audit')
  @ApiOperation({ summary: "Read the tenant's trail, newest first, page by page" })
  @DataResponse(200, AuditPageResponse)
  list(
    @CurrentUser() reader: Principal,
    @Query() query: ListAuditQuery,
  ): Promise<AuditPageResponse> {
    return this.trail.list(reader, query);
  }

  @Get('head')
  @Permissions('view_audit')
  @ApiOperation({
    summary: "Read the end of the trail's chain",
    description:
      'Kept elsewhere, it proves later that nothing up to it was changed, removed or cut off: see "audit verify".',
  })
  @DataResponse(200, AuditHeadResponse)
  head(@CurrentUser() reader: Principal): Promise<AuditHeadResponse> {
    return this.trail.head(reader);
  }

  @Get('export')
  @Permissions('view_audit')
  @OwnTransactions()
  @ApiOperation({
    summary: 'Export the trail as lines of JSON',
    description:
      'A header, the sealed entries in the order of the chain, those that are too young to be sealed, and a trailer ' +
      'with their numbers and the head. A file without its trailer was cut off. "audit verify --file" checks it anywhere.',
  })
  @ApiResponse({
    status: 200,
    description: 'One JSON value a line.',
    content: {
      [NDJSON]: {
        schema: { type: 'string' },
        example: '{"kind":"header", …}\n{"kind":"sealed", …}\n',
      },
    },
  })
  @ApiErrors('SERVICE_BUSY')
  async export(
    @CurrentUser() reader: Principal,
    @Query() query: AuditRangeQuery,
  ): Promise<StreamableFile> {
    const lines = await this.exports.open(reader, query);
    return new StreamableFile(lines, {
      type: NDJSON,
      disposition: 'attachment; filename="audit.ndjson"',
    });
  }

  @Get(':entryId')
  @Permissions('view_audit')
  @ApiOperation({ summary: 'Read one entry of the trail' })
  @DataResponse(200, AuditEntryResponse)
  @ApiErrors('NOT_FOUND')
  find(
    @CurrentUser() reader: Principal,
    @Param('entryId', UuidParamPipe) entryId: string,
  ): Promise<AuditEntryResponse> {
    return this.trail.find(reader, entryId);
  }
}
