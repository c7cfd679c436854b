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
import { UpdatePocDto, ListPocsQuery, PocDto } from './poc.dto.js';
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
  @ApiOperation({ summary: 'Create a POC' })
  @DataResponse(201, PocResponse)
  @ApiErrors('POC_LIMIT_EXCEEDED', 'SUBSCRIPTION_ENDED')
  createPoc(@CurrentUser() principal: Principal, @Body() input: PocDto): Promise<PocResponse> {
    return this.pocs.create(principal, input);
  }

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'List POCs' })
  @DataResponse(200, PocPageResponse)
  listPocs(
    @CurrentUser() principal: Principal,
    @Query() query: ListPocsQuery,
  ): Promise<PocPageResponse> {
    return this.pocs.list(principal, query);
  }

  @Get('analytics')
  @Permissions('view_usage')
  @RequireFeature('advanced_analytics')
  @ApiOperation({
    summary: 'Get analytics of POCs',
    description: 'Counts POCs by status and week, and storage by author.',
  })
  @DataResponse(200, AnalyticsResponse)
  getPocAnalytics(): Promise<AnalyticsResponse> {
    return this.reports.getAnalytics();
  }

  @Get('export')
  @Authenticated()
  @RequireFeature('api_access')
  @OwnTransactions()
  @ApiOperation({
    summary: 'Export all POCs as newline-delimited JSON',
    description:
      'Returns one JSON object per line, oldest first. The connection is aborted if the export cannot be completed, or if you ' +
      'read nothing for 30 seconds. A user can have 2 exports at once, and a tenant 4.',
  })
  @ApiResponse({
    status: 200,
    description: 'One JSON object per line.',
    content: { [NDJSON]: { schema: { type: 'string' }, example: '{"id":"…","title":"…"}\n' } },
  })
  @ApiErrors('RATE_LIMIT_EXCEEDED', 'SERVICE_BUSY')
  exportPocs(@CurrentUser() principal: Principal): StreamableFile {
    return new StreamableFile(this.reports.export(principal), { type: NDJSON });
  }

  @Get(':pocId')
  @Authenticated()
  @ApiOperation({ summary: 'Get a POC' })
  @DataResponse(200, PocResponse)
  @ApiErrors('NOT_FOUND')
  getPoc(@Param('pocId', UuidParamPipe) pocId: string): Promise<PocResponse> {
    return this.pocs.get(pocId);
  }

  @Put(':pocId')
  @Authenticated()
  @ApiOperation({
    summary: 'Replace a POC',
    description: 'Omitted fields are set to their defaults.',
  })
  @DataResponse(200, PocResponse)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  replacePoc(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Body() input: PocDto,
  ): Promise<PocResponse> {
    return this.pocs.replace(principal, pocId, input);
  }

  @Patch(':pocId')
  @Authenticated()
  @ApiOperation({ summary: 'Update a POC', description: 'Omitted fields are not changed.' })
  @DataResponse(200, PocResponse)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  updatePoc(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Body() input: UpdatePocDto,
  ): Promise<PocResponse> {
    return this.pocs.update(principal, pocId, input);
  }

  @Delete(':pocId')
  @Authenticated()
  @OwnTransactions()
  @ApiOperation({ summary: 'Delete a POC and its files' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  deletePoc(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
  ): Promise<void> {
    return this.pocs.delete(principal, pocId);
  }
}
