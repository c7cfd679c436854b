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

/** Newline-delimited JSON: one value per line. */
const NDJSON = 'application/x-ndjson';

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(
    private readonly auditLog: AuditLogService,
    private readonly exports: AuditExport,
  ) {}

  @Get()
  @Permissions('view_audit')
  @ApiOperation({
    summary: 'List audit log entries',
    description: 'Entries are sorted by time, newest first.',
  })
  @DataResponse(200, AuditPageResponse)
  listAuditEntries(
    @CurrentUser() principal: Principal,
    @Query() query: ListAuditQuery,
  ): Promise<AuditPageResponse> {
    return this.auditLog.list(principal, query);
  }

  @Get('head')
  @Permissions('view_audit')
  @ApiOperation({
    summary: 'Get the head of the audit log hash chain',
    description:
      'Store it elsewhere as a checkpoint. The command "audit verify --expect-head" later shows whether an entry up to ' +
      'it was changed or removed.',
  })
  @DataResponse(200, AuditHeadResponse)
  getAuditHead(@CurrentUser() principal: Principal): Promise<AuditHeadResponse> {
    return this.auditLog.getHead(principal);
  }

  @Get('export')
  @Permissions('view_audit')
  @OwnTransactions()
  @ApiOperation({
    summary: 'Export the audit log as newline-delimited JSON',
    description:
      'The lines are a header, the chained entries in the order of the hash chain, the pending entries, and a trailer with ' +
      'the number of entries and the head. A file without a trailer is truncated. The command "audit verify --file" ' +
      'verifies the file without the database. A user can have 2 exports at once, and a tenant 4. The connection is closed if ' +
      'you read nothing for 30 seconds.',
  })
  @ApiResponse({
    status: 200,
    description: 'One JSON value per line.',
    content: {
      [NDJSON]: {
        schema: { type: 'string' },
        example: '{"kind":"header", …}\n{"kind":"chained", …}\n',
      },
    },
  })
  @ApiErrors('RATE_LIMIT_EXCEEDED', 'SERVICE_BUSY')
  async exportAuditLog(
    @CurrentUser() principal: Principal,
    @Query() query: AuditRangeQuery,
  ): Promise<StreamableFile> {
    const lines = await this.exports.open(principal, query);
    return new StreamableFile(lines, {
      type: NDJSON,
      disposition: 'attachment; filename="audit.ndjson"',
    });
  }

  @Get(':entryId')
  @Permissions('view_audit')
  @ApiOperation({ summary: 'Get an audit log entry' })
  @DataResponse(200, AuditEntryResponse)
  @ApiErrors('NOT_FOUND')
  getAuditEntry(
    @CurrentUser() principal: Principal,
    @Param('entryId', UuidParamPipe) entryId: string,
  ): Promise<AuditEntryResponse> {
    return this.auditLog.get(principal, entryId);
  }
}
