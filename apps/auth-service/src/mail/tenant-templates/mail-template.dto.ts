import { ApiProperty } from '@nestjs/swagger';
import { StoredForm, TextLine } from '@poc-tracker/http-service';
import { checkText } from '@poc-tracker/text';
import { KINDS_OF_MAIL, MAIL_LOCALES } from '../templates/mail-kinds.js';
import { MAX_BODY, MAX_SUBJECT } from '../templates/template.rules.js';

/** A tenant's text of a mail. */
export class ReplaceMailTemplateDto {
  @TextLine({ max: MAX_SUBJECT, example: 'Your new password for {{ tenant }}' })
  subject: string;

  @StoredForm('mailBody', (input) => checkText(input, MAX_BODY))
  @ApiProperty({
    minLength: 1,
    maxLength: MAX_BODY,
    description:
      'Plain text. An empty line separates paragraphs. It can use the variables of the kind, and must use its link or code. ' +
      'A paragraph that is the link alone is shown as a button.',
    example: 'Set a new password here:\n\n{{ link }}\n\nThe link works until {{ expiresAt }}.',
  })
  body: string;
}

export class MailTemplateResponse {
  @ApiProperty({ enum: KINDS_OF_MAIL, example: 'reset_password' })
  kind: string;

  @ApiProperty({ enum: MAIL_LOCALES, example: 'pt-BR' })
  locale: string;

  @ApiProperty({ example: 'Reset your password' })
  subject: string;

  @ApiProperty({ example: 'Set a new password here:\n\n{{ link }}' })
  body: string;

  @ApiProperty({ description: 'False if it is the text of the service.', example: false })
  overridden: boolean;

  @ApiProperty({
    type: String,
    isArray: true,
    description: 'What the body can use.',
    example: ['tenant', 'email', 'name', 'link', 'expiresAt'],
  })
  variables: string[];
}

export class MailTemplateListResponse {
  @ApiProperty({ type: MailTemplateResponse, isArray: true })
  items: MailTemplateResponse[];
}
