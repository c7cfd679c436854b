import type { Server } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { APP_CONFIG, type AppConfig } from './app-config.js';

/** The address of tenants' pages, for links. */
@Injectable()
export class PublicAddress {
  constructor(
    @Inject(APP_CONFIG)
    private readonly config: { tenancy: Pick<AppConfig['tenancy'], 'publicUrl'> },
    private readonly host: HttpAdapterHost,
  ) {}

  /** The pattern of PUBLIC_URL. With PORT=0 its default has the port that the server has got. */
  pattern(): string {
    const { publicUrl } = this.config.tenancy;
    if (!publicUrl.includes('{port}')) return publicUrl;
    const address = (this.host.httpAdapter.getHttpServer() as Server).address();
    // A server that is called without a network has no port.
    const port = address === null || typeof address === 'string' ? '' : `:${address.port}`;
    return publicUrl.replace(':{port}', port);
  }
}
