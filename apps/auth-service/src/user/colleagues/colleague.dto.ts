import { ApiProperty } from '@nestjs/swagger';
import { NextCursor, PageQuery, TextLine } from '@poc-tracker/http-service';

export class ListColleaguesQuery extends PageQuery {
  @TextLine({
    max: 100,
    example: 'ana so',
    required: false,
  })
  q?: string;
}

/** What every user may know about another user of their tenant. */
export class ColleagueResponse {
  @ApiProperty({ format: 'uuid', example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f' })
  id: string;

  @ApiProperty({ description: 'Empty until the user states one.', example: 'Ana' })
  firstName: string;

  @ApiProperty({ description: 'Empty until the user states one.', example: 'Souza' })
  lastName: string;

  @ApiProperty({ type: String, nullable: true, format: 'uri', example: null })
  avatarUrl: string | null;
}

export class ColleaguePageResponse {
  @ApiProperty({ type: ColleagueResponse, isArray: true })
  items: ColleagueResponse[];

  @NextCursor()
  nextCursor: string | null;
}
