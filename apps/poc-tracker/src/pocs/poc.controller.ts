import {
  Body,
  Controller,
  Delete,
  Get,
  Param,
  Patch,
  Post,
  Put,
  Query,
  StreamableFile,
} from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  Authenticated,
  CurrentUser,
  Permissions,
  type Principal,
  RequireFeature,
} from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { OwnTransactions } from '@poc-tracker/tenancy';
import { AnalyticsResponse } from './analytics.response.js';
import { ChangePocDto, ListPocsQuery, WritePocDto } from './poc.dto.js';
import { PocReportService } from './poc-report.service.js';
import { PocPageResponse, PocResponse } from './poc.response.js';
import { PocService } from './poc.service.js';

const NDJSON = 'application/x-ndjson';

@ApiTags('pocs')
@Controller('pocs')
export class PocController {
  constructor(
    private readonly pocs: PocService,
    private readonly reports: PocReportService,
  ) {}

  @Post()
  @Permissions('create_pocs')
  @ApiOperation({ summary: 'Make a POC' })
  @DataResponse(201, PocResponse)
  @ApiErrors('POC_LIMIT_EXCEEDED', 'SUBSCRIPTION_ENDED')
  create(@CurrentUser() author: Principal, @Body() input: WritePocDto): Promise<PocResponse> {
    return this.pocs.create(author, input);
  }

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'List the POCs of the tenant, page by page' })
  @DataResponse(200, PocPageResponse)
  list(@CurrentUser() person: Principal, @Query() query: ListPocsQuery): Promise<PocPageResponse> {
    return this.pocs.list(person, query);
  }

  @Get('analytics')
  @Permissions('view_usage')
  @RequireFeature('advanced_analytics')
  @ApiOperation({ summary: 'Count POCs by status and week, and storage by author' })
  @DataResponse(200, AnalyticsResponse)
  analytics(): Promise<AnalyticsResponse> {
    return this.reports.analytics();
  }

  @Get('export')
  @Authenticated()
  @RequireFeature('api_access')
  @OwnTransactions()
  @ApiOperation({
    summary: 'Read all POCs of the tenant, for programs',
    description: 'One JSON object a line, oldest first. A stream that breaks off is not whole.',
  })
  @ApiResponse({
    status: 200,
    description: 'The POCs.',
    content: { [NDJSON]: { schema: { type: 'string' }, example: '{"id":"…","title":"…"}\n' } },
  })
  export(@CurrentUser() person: Principal): StreamableFile {
    return new StreamableFile(this.reports.export(person), { type: NDJSON });
  }

  @Get(':pocId')
  @Authenticated()
  @ApiOperation({ summary: 'Read a POC' })
  @DataResponse(200, PocResponse)
  @ApiErrors('NOT_FOUND')
  read(@Param('pocId', UuidParamPipe) pocId: string): Promise<PocResponse> {
    return this.pocs.read(pocId);
  }

  @Put(':pocId')
  @Authenticated()
  @ApiOperation({ summary: 'Write a POC anew' })
  @DataResponse(200, PocResponse)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  replace(
    @CurrentUser() person: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Body() input: WritePocDto,
  ): Promise<PocResponse> {
    return this.pocs.replace(person, pocId, input);
  }

  @Patch(':pocId')
  @Authenticated()
  @ApiOperation({ summary: 'Change a POC' })
  @DataResponse(200, PocResponse)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  change(
    @CurrentUser() person: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Body() input: ChangePocDto,
  ): Promise<PocResponse> {
    return this.pocs.change(person, pocId, input);
  }

  @Delete(':pocId')
  @Authenticated()
  @OwnTransactions()
  @ApiOperation({ summary: 'Delete a POC with its files' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  remove(
    @CurrentUser() person: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
  ): Promise<void> {
    return this.pocs.remove(person, pocId);
  }
}
