import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, type Principal } from '@poc-tracker/auth-kit';
import { DataResponse } from '@poc-tracker/http-service';
import { ColleaguePageResponse, ListColleaguesQuery } from './colleague.dto.js';
import { ColleagueService } from './colleague.service.js';

@ApiTags('users')
@Controller('auth/colleagues')
export class ColleagueController {
  constructor(private readonly colleagues: ColleagueService) {}

  @Get()
  @Authenticated()
  @ApiOperation({
    summary: 'List the active users of your tenant',
    description:
      'Names and pictures only, in alphabetical order. `q` is the start of the full name or the last name; it ignores case ' +
      'and accents.',
  })
  @DataResponse(200, ColleaguePageResponse)
  listColleagues(
    @CurrentUser() principal: Principal,
    @Query() query: ListColleaguesQuery,
  ): Promise<ColleaguePageResponse> {
    return this.colleagues.list(principal, query);
  }
}
