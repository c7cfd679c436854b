import { Injectable } from '@nestjs/common';
import { escapeHtml } from '@poc-tracker/http-service';
import { Liquid } from 'liquidjs';
import { definitionOf, type MailKind, type MailLocale, mailLocale } from './mail-kinds.js';
import { htmlButton, htmlCode, htmlMail } from './mail-layout.js';
import type { MailLanguage, MailText } from './mail-text.js';
import { MAX_BODY } from './template.rules.js';
import { EN_US } from './texts.en-us.js';
import { PT_BR } from './texts.pt-br.js';

/** What a mail is rendered from. */
export interface MailData {
  kind: MailKind;
  to: { email: string; name: string | null; locale: string; timezone: string };
  values: Readonly<Record<string, string | Date>>;
  tenant: { name: string; color: string };
  /** The tenant's text in place of that of the service. */
  template?: MailText | undefined;
}

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

const LANGUAGES: Readonly<Record<MailLocale, MailLanguage>> = { 'pt-BR': PT_BR, 'en-US': EN_US };

/** A value is part of a sentence or a link. A longer one would come from a caller's mistake. */
const MAX_VALUE = 2_000;

/** Milliseconds, parts, and bytes that a template may use. The checked ones need a hundredth of it. */
const LIMITS = { renderLimit: 200, templateLimit: 1_000, memoryLimit: 1_000_000 };

const OPTIONS = {
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  parseLimit: 2 * MAX_BODY,
  // Templates come from this process and from the database, never from files.
  templates: {},
} as const;

/** The text of a mail by kind and language, as it is before the values are filled in. */
export function defaultText(kind: MailKind, locale: MailLocale): MailText {
  return LANGUAGES[locale].texts[kind];
}

/** Renders mails as text and as HTML from one source, so that both say the same. */
@Injectable()
export class MailRenderer {
  private readonly plain = new Liquid(OPTIONS);
  private readonly escaped = new Liquid({ ...OPTIONS, outputEscape: 'escape' });

  /** @throws Error for an unknown variable, or a template beyond a limit. */
  render({ kind, to, values, tenant, template }: MailData): RenderedMail {
    const locale = mailLocale(to.locale);
    const language = LANGUAGES[locale];
    const { subject, body } = template ?? language.texts[kind];
    const scope = {
      tenant: oneLine(tenant.name),
      email: oneLine(to.email),
      name: oneLine(to.name ?? ''),
      ...written(kind, values, { locale, timezone: to.timezone, words: language.words }),
    };
    const greeting = to.name === null ? language.greeting.unnamed : language.greeting.named;
    const paragraphs = [greeting, ...body.split(/\n{2,}/)];
    const fill = (source: string): string => this.fill(this.plain, source, scope);
    const fillHtml = (source: string): string => this.fill(this.escaped, source, scope);
    const text = [...paragraphs.map(fill), `-- \n${fill(language.footer)}`].join('\n\n');
    return {
      subject: oneLine(fill(subject)),
      text: `${text}\n`,
      html: htmlMail({
        locale,
        subject: fillHtml(escapeHtml(subject)),
        tenant: fillHtml('{{ tenant }}'),
        color: tenant.color,
        paragraphs: paragraphs.map((paragraph) =>
          toHtml(paragraph, fillHtml, {
            label: language.actions[kind] ?? '',
            hint: language.linkHint,
            color: tenant.color,
          }),
        ),
        footer: fillHtml(language.footer),
      }),
    };
  }

  private fill(engine: Liquid, source: string, scope: Record<string, string>): string {
    return String(engine.renderSync(engine.parse(source), scope, LIMITS));
  }
}

function toHtml(
  paragraph: string,
  fillHtml: (source: string) => string,
  { label, hint, color }: Record<'label' | 'hint' | 'color', string>,
): string {
  const trimmed = paragraph.trim();
  if (/^\{\{ *link *\}\}$/.test(trimmed))
    return htmlButton({ link: fillHtml('{{ link }}'), label, hint, color });
  if (/^\{\{ *code *\}\}$/.test(trimmed)) return htmlCode(fillHtml('{{ code }}'));
  // Liquid escapes the variables alone.
  return fillHtml(escapeHtml(trimmed)).replaceAll('\n', '<br>\n');
}

function written(
  kind: MailKind,
  values: MailData['values'],
  context: { locale: MailLocale; timezone: string; words: Readonly<Record<string, string>> },
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(definitionOf(kind).values).map(([name, type]) => {
      const value = values[name] ?? '';
      if (value instanceof Date) return [name, timeIn(value, context)];
      const line = oneLine(value).slice(0, MAX_VALUE);
      const translated = type === 'word' || line === '';
      return [name, (translated ? context.words[line] : undefined) ?? line];
    }),
  );
}

/** No value starts a line: it could pretend to be a part of the mail, or of its header. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it removes
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

function timeIn(
  time: Date,
  { locale, timezone }: { locale: MailLocale; timezone: string },
): string {
  const format = (timeZone: string): string =>
    new Intl.DateTimeFormat(locale, {
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      timeZoneName: 'short',
      timeZone,
    }).format(time);
  try {
    return format(timezone);
  } catch {
    // A zone that this version of Node does not know.
    return format('UTC');
  }
}
