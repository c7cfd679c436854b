import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { isURL, ValidateBy, ValidateIf } from 'class-validator';

/** The width of the columns. */
const MAX_URL_LENGTH = 500;

/**
 * The characters of a URL (RFC 3986, 2), with whole percent escapes. Parsers of URLs are more generous: they read
 * `https:acme.example` and keep a quote that would end an attribute of a page.
 */
const HTTPS_URL = /^https:\/\/(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

/**
 * True for a well-formed https URL of up to 500 characters, without a user. The host is a name with a dot or an IP address,
 * which may be a private one: the service stores the URL for browsers and never requests it.
 */
export function isHttpsUrl(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.length <= MAX_URL_LENGTH &&
    HTTPS_URL.test(value) &&
    URL.canParse(value) &&
    isURL(value, { protocols: ['https'], require_protocol: true, disallow_auth: true })
  );
}

/** An https URL. Omitted, it stays as it is; null removes it. */
export function HttpsUrl(options: { description: string; example: string }): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      ...options,
      type: String,
      required: false,
      nullable: true,
      format: 'uri',
      maxLength: MAX_URL_LENGTH,
      pattern: HTTPS_URL.source.replaceAll('\\/', '/'),
    }),
    ValidateIf((_object, value: unknown) => value !== undefined && value !== null),
    ValidateBy({
      name: 'isHttpsUrl',
      validator: {
        validate: isHttpsUrl,
        defaultMessage: () =>
          `$property must be an https URL of at most ${MAX_URL_LENGTH} characters`,
      },
    }),
  );
}
