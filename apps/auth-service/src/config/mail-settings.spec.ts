import { ConfigurationError, EnvironmentReader } from '@poc-tracker/http-service';
import { describe, expect, it } from 'vitest';
import { type MailSettings, readMailSettings, warnOfMail } from './mail-settings.js';

const tenancy = { baseDomain: 'poctracker.com', defaultTenant: undefined };

function read(
  env: NodeJS.ProcessEnv,
  environment: 'production' | 'development' | 'test' = 'production',
): MailSettings {
  const reader = new EnvironmentReader(env);
  const settings = readMailSettings(reader, { environment, tenancy });
  reader.assertValid();
  return settings;
}

describe('The settings of mails', () => {
  it('require STARTTLS in production, and decode user and password', () => {
    const url = 'smtp://us%40er:p%2Fw@smtp.example.com';
    const server = { host: 'smtp.example.com', port: 587, secure: false };
    const auth = { user: 'us@er', pass: 'p/w' };
    expect(read({ SMTP_URL: url }).server).toEqual({ ...server, requireTls: true, auth });
    expect(read({ SMTP_URL: url }, 'development').server?.requireTls).toBe(false);
    expect(read({ SMTP_URL: 'smtps://smtp.example.com' }).server).toEqual({
      ...server,
      port: 465,
      secure: true,
      requireTls: false,
      auth: undefined,
    });
  });

  it('name a folder only in development, and warn in production that mails wait', () => {
    expect(read({ DATA_DIR: '/data' }, 'development').directory).toBe('/data/mails');
    const production = read({ DATA_DIR: '/data' });
    expect(production.directory).toBeUndefined();
    expect(warnOfMail(production, true).join()).toContain('SMTP_URL is not set');
    expect(warnOfMail(read({ SMTP_URL: 'smtps://smtp.example.com' }), true)).toEqual([]);
  });

  it.each([
    ['SMTP_URL', 'smtp.example.com:587'],
    ['SMTP_URL', 'https://smtp.example.com'],
    ['SMTP_URL', 'smtp://user@smtp.example.com'],
    ['SMTP_URL', 'smtps://u:geheim@smtp.example.com/?tls.rejectUnauthorized=false'],
    ['MAIL_FROM', 'POC Tracker <no-reply@poctracker.com>'],
    ['MAIL_FROM', 'no-reply@poctracker.com\r\nBcc: x@x.example'],
    ['MAIL_WEBHOOK_SECRET', 'geheim'],
    ['MAIL_WEBHOOK_SECRET', 'whsec_Z2VoZWlt'],
  ])('refuse a wrong %s by name, without its value: %s', (variable, value) => {
    const error = (() => {
      try {
        return read({ [variable]: value });
      } catch (refusal) {
        return refusal;
      }
    })();
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(variable);
    expect(String(error)).not.toContain('geheim');
  });
});
