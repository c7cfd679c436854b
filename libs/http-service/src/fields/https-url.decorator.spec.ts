import { describe, expect, it } from 'vitest';
import { isHttpsUrl } from './https-url.decorator.js';

describe('an https URL', () => {
  it.each([
    'https://acme.example/logo.svg',
    'https://cdn.acme.example:8443/a/b.png?size=2&v=%C3%A9#top',
    'https://xn--bcher-kva.example/',
    'https://192.0.2.7/logo.svg',
    'https://127.0.0.1/logo.svg',
    `https://acme.example/${'x'.repeat(479)}`,
  ])('is accepted: %s', (url) => {
    expect(isHttpsUrl(url)).toBe(true);
  });

  it.each([
    '',
    'acme.example',
    '//acme.example/logo.svg',
    'http://acme.example/logo.svg',
    'https:a.com',
    'https:/a.com',
    'https:\\\\a.com',
    'https://',
    'https:///logo.svg',
    'https://acme',
    'https://localhost/logo.svg',
    'https://acme.example/"onload="alert(1)',
    'https://acme.example/<svg>',
    'https://acme.example/a b',
    'https://acme.example/a\tb',
    'https://acme.example/a\n',
    ' https://acme.example/',
    'https://acme.example/%',
    'https://acme.example/%zz',
    'https://acme.example/`',
    'https://acme.example/{id}',
    'https://acme.example/é',
    'https://b\u00fccher.example/',
    'https://user:pass@acme.example/logo',
    'https://user@acme.example/logo',
    'https://acme.example:99999/',
    'javascript:alert(1)',
    'data:image/svg+xml,<svg/>',
    `https://acme.example/${'x'.repeat(480)}`,
    null,
    7,
    ['https://acme.example/'],
  ])('is refused: %s', (url) => {
    expect(isHttpsUrl(url)).toBe(false);
  });
});
