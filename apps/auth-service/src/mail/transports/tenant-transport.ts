import { Injectable } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { OutboundMessage } from './mail-transport.js';
import { ServerAddresses } from './server-addresses.js';
import { sendWith, smtpOptions } from './smtp-transport.js';

/** A tenant's own mail server. */
export interface TenantServer {
  host: string;
  port: number;
  auth: { user: string; pass: string } | undefined;
}

/** The port of SMTP over TLS (RFC 8314, 7.3). On all others, STARTTLS is required. */
const SMTPS_PORT = 465;

/** Sends by the servers of tenants, each mail on a connection of its own. */
@Injectable()
export class TenantTransport {
  constructor(private readonly addresses: ServerAddresses) {}

  /** @throws DeliveryError */
  async send(
    { host, port, auth }: TenantServer,
    message: OutboundMessage,
    tls: { ca?: string } = {},
  ): Promise<void> {
    const secure = port === SMTPS_PORT;
    const server = {
      host: await this.addresses.find(host),
      port,
      secure,
      requireTls: !secure,
      auth,
    };
    const transporter = createTransport(smtpOptions(server, { ...tls, servername: host }));
    try {
      await sendWith(transporter, message);
    } finally {
      transporter.close();
    }
  }
}
