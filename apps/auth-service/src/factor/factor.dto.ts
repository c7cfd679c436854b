import { TextLine } from '@poc-tracker/http-service';

export const MAX_FACTOR_NAME = 50;

export class RenameFactorDto {
  @TextLine({ max: MAX_FACTOR_NAME, example: 'Notebook' })
  name: string;
}
