import type { Server } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { APP_CONFIG, type AppConfig } from './app-config.js';

/** The address of tenants' pages, for links. */
@Injectable()
export class PublicAddress {
  constructor(
    @Inject(APP_CONFIG)
    private readonly config: { tenancy: Pick<AppConfig['tenancy'], 'publicUrl'> },
    private readonly host: HttpAdapterHost,
  ) {}

  /**
   * The link to a page of a tenant that acts on a token. Its host is the tenant's domain or that of the configuration, and never
   * that of a request, which its sender chooses. The token is in the fragment, which browsers do not send, so that it
   * appears in no log and no Referer header.
   */
  linkTo(
    tenant: Pick<TenantSnapshot, 'subdomain' | 'customDomain'>,
    page: string,
    token: string,
  ): string {
    return `${this.pageOf(tenant, page)}#token=${token}`;
  }

  /** The address of a page of a tenant. */
  pageOf(tenant: Pick<TenantSnapshot, 'subdomain' | 'customDomain'>, page: string): string {
    return `${tenantAddress(this.pattern(), tenant)}/${page}`;
  }

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

/** The scheme and the host of a pattern whose host has the subdomain of the tenant. */
const HOST_OF_TENANT = /^(https?:\/\/)[^/:]*\{tenant\}[^/:]*/;

/**
 * The address of a tenant's pages: on its own domain, if it has one, and otherwise by its subdomain. A pattern without the
 * tenant in its host has one host for all of them.
 */
function tenantAddress(
  pattern: string,
  { subdomain, customDomain }: Pick<TenantSnapshot, 'subdomain' | 'customDomain'>,
): string {
  const address =
    customDomain === null ? pattern : pattern.replace(HOST_OF_TENANT, `$1${customDomain}`);
  return address.replace('{tenant}', subdomain);
}
