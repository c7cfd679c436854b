import { TextLine } from '@poc-tracker/http-service';
import { Matches } from 'class-validator';

/** The service never uses a name as a path; this protects clients that save the file under its name. */
const NO_PATH = /^(?!\.{1,2}$)[^/\\]*$/;

export class UploadQuery {
  @TextLine({ max: 255, example: 'winter-report.pdf' })
  @Matches(NO_PATH, { message: '$property must be a name, not a path' })
  name: string;
}
