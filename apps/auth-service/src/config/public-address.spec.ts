import { HttpAdapterHost } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { PublicAddress } from './public-address.js';

/** The pattern for a server with this address. */
function patternOf(publicUrl: string, address: { port: number } | string | null): string {
  const host = new HttpAdapterHost();
  const httpAdapter = { getHttpServer: () => ({ address: () => address }) };
  Object.assign(host, { httpAdapter });
  return new PublicAddress({ tenancy: { publicUrl } }, host).pattern();
}

describe('PublicAddress', () => {
  it('has the port that the server has got with PORT=0', () => {
    expect(patternOf('http://{tenant}.localhost:{port}', { port: 41_234 })).toBe(
      'http://{tenant}.localhost:41234',
    );
  });

  it('is the pattern of PUBLIC_URL, whatever port the server listens on', () => {
    expect(patternOf('https://{tenant}.pocs.example', { port: 41_234 })).toBe(
      'https://{tenant}.pocs.example',
    );
  });
});
