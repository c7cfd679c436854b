import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { SecurityEvents } from '../../audit/security-events.js';
import {
  isMailKind,
  KINDS_OF_MAIL,
  MAIL_LOCALES,
  type MailKind,
  type MailLocale,
} from '../templates/mail-kinds.js';
import { defaultText } from '../templates/mail-renderer.js';
import type { MailText } from '../templates/mail-text.js';
import { templateProblems, variablesOf } from '../templates/template.rules.js';
import type {
  MailTemplateListResponse,
  MailTemplateResponse,
  ReplaceMailTemplateDto,
} from './mail-template.dto.js';
import { MailTemplateRepository } from './mail-template.repository.js';

/** The texts of a tenant's mails. */
@Injectable()
export class MailTemplateService {
  constructor(
    private readonly templates: MailTemplateRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** Every kind in every language, with the tenant's text or that of the service. */
  async list(): Promise<MailTemplateListResponse> {
    const stored = await this.templates.list();
    const items = KINDS_OF_MAIL.flatMap((kind) =>
      MAIL_LOCALES.map((locale) =>
        toResponse(
          kind,
          locale,
          stored.find((one) => one.kind === kind && one.locale === locale),
        ),
      ),
    );
    return { items };
  }

  /** @throws ApiError VALIDATION_ERROR for an unknown kind or language, and for a template that breaks the rules. */
  async replace(
    { tenantId }: Principal,
    path: { kind: string; locale: string },
    { subject, body }: ReplaceMailTemplateDto,
  ): Promise<MailTemplateResponse> {
    const { kind, locale } = known(path);
    const problems = templateProblems(kind, { subject, body });
    if (body === '') problems.push({ field: 'body', message: 'must not be empty' });
    if (problems.length > 0) throw ApiError.validation(...problems);
    await this.templates.replace(tenantId, { kind, locale, subject, body });
    await this.record(tenantId, { kind, locale, change: 'replaced' });
    return toResponse(kind, locale, { subject, body });
  }

  /** From then on the text of the service is used. @throws ApiError VALIDATION_ERROR for an unknown kind or language. */
  async delete(
    { tenantId }: Principal,
    path: { kind: string; locale: string },
  ): Promise<{ deleted: true }> {
    const { kind, locale } = known(path);
    if (await this.templates.delete(kind, locale))
      await this.record(tenantId, { kind, locale, change: 'deleted' });
    return { deleted: true };
  }

  private async record(tenantId: string, details: Record<string, string>): Promise<void> {
    await this.events.record({
      type: 'mail.template_changed',
      result: 'success',
      target: { type: 'tenant', id: tenantId },
      details,
    });
  }
}

function known({ kind, locale }: { kind: string; locale: string }): {
  kind: MailKind;
  locale: MailLocale;
} {
  const language = MAIL_LOCALES.find((one) => one === locale);
  if (isMailKind(kind) && language !== undefined) return { kind, locale: language };
  const oneOf = (names: readonly string[]): string => `must be one of ${names.join(', ')}`;
  throw ApiError.validation(
    ...(isMailKind(kind) ? [] : [{ field: 'kind', message: oneOf(KINDS_OF_MAIL) }]),
    ...(language === undefined ? [{ field: 'locale', message: oneOf(MAIL_LOCALES) }] : []),
  );
}

function toResponse(
  kind: MailKind,
  locale: MailLocale,
  stored: MailText | undefined,
): MailTemplateResponse {
  const { subject, body } = stored ?? defaultText(kind, locale);
  return {
    kind,
    locale,
    subject,
    body,
    overridden: stored !== undefined,
    variables: variablesOf(kind),
  };
}
