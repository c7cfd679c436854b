import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { DeliveryError, type MailTransport, type OutboundMessage } from './mail-transport.js';
import { nodemailerMessage } from './nodemailer-message.js';

/** The latest mails that are kept. A developer reads a handful, and a load test must not fill the disk. */
const KEPT = 500;

/** The name of a file: its time and the id of the mail, so that a mail that is sent twice is one file. */
export const MAIL_FILE = /^\d{8}T\d{9}Z-[0-9a-f-]{36}\.eml$/;

/** Writes mails to files instead of sending them. */
export class FileTransport implements MailTransport {
  private readonly composer = createTransport({ streamTransport: true, buffer: true });

  constructor(private readonly directory: string) {}

  async send(message: OutboundMessage): Promise<void> {
    const { subject, to, text, html } = message;
    try {
      const { message: eml } = await this.composer.sendMail(nodemailerMessage(message));
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      const file = join(this.directory, fileName(message));
      await writeFile(`${file}.draft`, eml as Buffer, { mode: 0o600 });
      await rename(`${file}.draft`, file);
      await writeFile(pageOf(file), JSON.stringify({ subject, to, text, html }), { mode: 0o600 });
      await this.removeOldest();
    } catch (error) {
      throw new DeliveryError('unreachable', 'file', error);
    }
  }

  private async removeOldest(): Promise<void> {
    const names = (await readdir(this.directory)).filter((name) => MAIL_FILE.test(name)).sort();
    for (const name of names.slice(0, Math.max(0, names.length - KEPT)))
      for (const file of [name, pageOf(name)])
        await rm(join(this.directory, file), { force: true });
  }
}

/** What the page of mails shows of a file, so that it need not parse it. */
export function pageOf(file: string): string {
  return file.replace(/\.eml$/, '.json');
}

function fileName({ messageId, date }: OutboundMessage): string {
  const time = date.toISOString().replace(/[-:.]/g, '');
  return `${time}-${messageId.slice(1, 37)}.eml`;
}
