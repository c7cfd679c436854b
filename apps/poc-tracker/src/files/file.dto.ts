import { TextLine } from '@poc-tracker/http-service';
import { Matches } from 'class-validator';

/** The service never uses a name as a path; this protects clients that save the file under its name. */
const NO_PATH = /^(?!\.{1,2}$)[^/\\]*$/;

/** Characters that change the writing direction can make `gpj.exe` look like `exe.jpg`. */
const NO_DIRECTION = /^[^\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/;

export class UploadQuery {
  @TextLine({ max: 255, example: 'winter-report.pdf' })
  @Matches(NO_PATH, { message: '$property must be a name, not a path' })
  @Matches(NO_DIRECTION, { message: '$property must not change the writing direction' })
  name: string;
}
