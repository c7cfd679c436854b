import { describe, expect, it } from 'vitest';
import { KINDS_OF_MAIL, MAIL_LOCALES } from './mail-kinds.js';
import { defaultText, type MailData, MailRenderer } from './mail-renderer.js';
import { sampleValues } from './sample-mails.js';
import { templateProblems } from './template.rules.js';

const renderer = new MailRenderer();

const data = (changes: Partial<MailData> = {}): MailData => ({
  kind: 'reset_password',
  to: { email: 'ana@acme.example', name: 'Ana', locale: 'pt-BR', timezone: 'America/Sao_Paulo' },
  values: sampleValues('reset_password'),
  tenant: { name: 'Acme Ltda', color: '#2563eb' },
  ...changes,
});

describe('A rendered mail', () => {
  it.each(KINDS_OF_MAIL.flatMap((kind) => MAIL_LOCALES.map((locale) => [kind, locale] as const)))(
    'has every value as text and as HTML, and no variable left: %s in %s',
    (kind, locale) => {
      const values = sampleValues(kind);
      const to = { ...data().to, locale };
      const { subject, text, html } = renderer.render(data({ kind, to, values }));
      expect(templateProblems(kind, defaultText(kind, locale))).toEqual([]);
      expect(`${subject}${text}${html}`).not.toMatch(/\{\{|undefined|Invalid/);
      for (const value of [values['link'], values['code']]) {
        if (typeof value !== 'string') continue;
        expect(text).toContain(value);
        expect(html).toContain(value.replaceAll('&', '&amp;'));
      }
      expect(html).not.toMatch(/<img|<script|url\(|@import/i);
    },
  );

  it('writes times in the language and the zone of the user', () => {
    const values = { link: 'https://x.example', expiresAt: new Date('2026-11-30T17:30:00Z') };
    expect(renderer.render(data({ values })).text).toContain('30 de novembro de 2026 às 14:30 BRT');
    const to = { ...data().to, locale: 'en-US', timezone: 'Europe/Lisbon' };
    expect(renderer.render(data({ values, to })).text).toMatch(/November 30, 2026 at 5:30 PM/);
    const nowhere = { ...data().to, timezone: 'Mars/Base' };
    expect(renderer.render(data({ values, to: nowhere })).text).toContain('17:30 UTC');
  });

  it('escapes names in HTML, and keeps them on one line', () => {
    const tenant = {
      name: 'Acme <img src=x onerror=alert(1)>\r\nBcc: eve@evil.example',
      color: '#000000',
    };
    const to = { ...data().to, name: '<b>Ana</b>\r\n\r\n{{ link }}' };
    const { html, text, subject } = renderer.render(
      data({
        kind: 'invitation',
        values: { ...sampleValues('invitation'), inviter: 'Eve\r\nBcc: x@x' },
        tenant,
        to,
      }),
    );
    expect(html).not.toMatch(/<img|<b>/);
    expect(subject).not.toMatch(/[\r\n]/);
    expect(text).not.toMatch(/^Bcc:/m);
    expect(text).toContain('{{ link }}');
  });

  it('does not run what a value has of a template', () => {
    const values = {
      ...sampleValues('reset_password'),
      link: 'https://x.example/{{ email }}{% if %}',
    };
    expect(renderer.render(data({ values })).text).toContain('/{{ email }}{% if %}');
  });

  it('is written in the words of the language where it has them', () => {
    const values = { ...sampleValues('invitation'), role: 'manager' };
    expect(renderer.render(data({ kind: 'invitation', values })).text).toContain('gerente');
    const device = { ...sampleValues('new_device'), country: '' };
    expect(renderer.render(data({ kind: 'new_device', values: device })).text).toContain(
      'País: desconhecido',
    );
  });

  it("uses a tenant's text in place of the default", () => {
    const template = { subject: 'Senha de {{ tenant }}', body: 'Abra <isto>:\n\n{{ link }}' };
    const { subject, text, html } = renderer.render(data({ template }));
    expect(subject).toBe('Senha de Acme Ltda');
    expect(text).toContain('Abra <isto>:');
    expect(html).toContain('Abra &lt;isto&gt;:');
  });
});

describe('The rules of templates', () => {
  const problems = (body: string, subject = 'Subject') =>
    templateProblems('reset_password', { subject, body }).map(
      ({ field, message }) => `${field} ${message}`,
    );

  it.each([
    ['a tag', '{{ link }} {% for i in (1..1000000000) %}x{% endfor %}', 'no tags'],
    ['a filter', '{{ link | upcase }}', 'no tags and filters'],
    ['a path into a variable', '{{ link.constructor }}', 'no tags and filters'],
    ['a variable of another kind', '{{ link }} {{ code }}', 'cannot use {{ code }}'],
    ['an unfinished variable', '{{ link }} {{ tenant', 'no tags and filters'],
    ['too many variables', '{{ link }}'.repeat(41), 'at most 40'],
    ['no link', 'Reset your password.', 'must use {{ link }}'],
  ])('refuse %s', (_what, body, reason) => {
    expect(problems(body).join()).toContain(reason);
  });

  it('refuse the link in the subject', () => {
    expect(problems('{{ link }}', 'Go to {{ link }}').join()).toContain('cannot use {{ link }}');
  });

  it('accept the variables of the kind', () => {
    expect(problems('{{name}}, {{ email }} {{ tenant }}: {{ link }} {{ expiresAt }}')).toEqual([]);
  });
});
