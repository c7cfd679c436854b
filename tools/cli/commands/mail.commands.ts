import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { ListedMail } from '../../../apps/auth-service/src/mail/operators/mail-operations.repository.js';
import type { CliContext } from '../cli.context.js';
import { EXIT } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';
import { idOf } from '../tenant-id.js';

const TENANT = '--tenant <subdomain or id>';

interface Options {
  json?: boolean;
  tenant?: string;
}

/** Registers the `mail` commands. */
export function registerMailCommands(program: Command, context: CliContext): void {
  const mail = commandGroup(program, 'mail', 'See and retry mails, and preview their texts.');
  const tenantOf = async ({ tenant }: Options): Promise<string | null> =>
    tenant === undefined ? null : idOf((await context.services()).tenants, tenant);

  subcommand(mail, 'list', 'List the latest 100 mails that wait, or with --dead those given up.')
    .option('--dead', 'list the mails that are not tried any more; exits with 1 if there are any')
    .option(TENANT, 'only those of this tenant')
    .action(async (options: Options & { dead?: boolean }) => {
      const { mails } = await context.services();
      const status = options.dead === true ? 'dead' : 'pending';
      const found = await mails.list({ tenantId: await tenantOf(options), status });
      if (status === 'dead' && found.length > 0) context.exitCode = EXIT.refused;
      context.show(options, found, () => describe(found));
    });

  subcommand(mail, 'retry', 'Send dead mails again whose content is kept.')
    .option('--id <id>', 'only this mail')
    .option(TENANT, 'only those of this tenant')
    .action(async (options: Options & { id?: string }) => {
      const { mails } = await context.services();
      const selection = { tenantId: await tenantOf(options), id: options.id ?? null };
      const retried = await mails.retry(selection, context.actor);
      context.show(options, { retried }, () => `${retried} mails are sent again.\n`);
    });

  subcommand(mail, 'limit', 'Set how many mails an hour a tenant can send beside security notices.')
    .requiredOption(TENANT, 'the tenant')
    .requiredOption('--per-hour <number>', 'from 0 to 1000000', perHour)
    .action(async (options: { json?: boolean; tenant: string; perHour: number }) => {
      const { mails, tenants } = await context.services();
      const tenantId = await idOf(tenants, options.tenant);
      await mails.setLimit(tenantId, options.perHour, context.actor);
      const { perHour: mailsPerHour } = options;
      context.show(options, { tenantId, mailsPerHour }, () => `${mailsPerHour} mails an hour.\n`);
    });

  subcommand(mail, 'preview', 'Write every mail in every language to a folder, as HTML and text.')
    .requiredOption('--out <folder>', 'where to write')
    .action(async (options: { json?: boolean; out: string }) => {
      const files = await writePreviews(options.out);
      context.show(options, { files }, () => `${files.length} files in ${options.out}.\n`);
    });
}

function perHour(text: string): number {
  const number = Number(text);
  if (!/^\d{1,7}$/.test(text) || number > 1_000_000)
    throw new InvalidArgumentError('It must be a number from 0 to 1000000.');
  return number;
}

function describe(mails: readonly ListedMail[]): string {
  if (mails.length === 0) return 'There are none.\n';
  return formatTable(mails, [
    { heading: 'id', value: (row) => row.id },
    { heading: 'tenant', value: (row) => row.tenant },
    { heading: 'kind', value: (row) => row.kind },
    { heading: 'to', value: (row) => `…@${row.domain}` },
    { heading: 'tries', value: (row) => row.attempts },
    { heading: 'last error', value: (row) => row.lastError ?? '' },
    { heading: 'created', value: (row) => row.createdAt.toISOString() },
  ]);
}

/** The renderer is loaded here, because `--help` does not need it. */
async function writePreviews(folder: string): Promise<string[]> {
  const [{ KINDS_OF_MAIL, MAIL_LOCALES }, { MailRenderer }, { sampleValues }] = await Promise.all([
    import('../../../apps/auth-service/src/mail/templates/mail-kinds.js'),
    import('../../../apps/auth-service/src/mail/templates/mail-renderer.js'),
    import('../../../apps/auth-service/src/mail/templates/sample-mails.js'),
  ]);
  const renderer = new MailRenderer();
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const kind of KINDS_OF_MAIL)
    for (const locale of MAIL_LOCALES) {
      const { subject, text, html } = renderer.render({
        kind,
        to: { email: 'ana@acme.example', name: 'Ana', locale, timezone: 'America/Sao_Paulo' },
        values: sampleValues(kind),
        tenant: { name: 'Acme Ltda', color: '#2563eb' },
      });
      await writeFile(join(folder, `${kind}.${locale}.html`), html);
      await writeFile(join(folder, `${kind}.${locale}.txt`), `${subject}\n\n${text}`);
      files.push(`${kind}.${locale}.html`, `${kind}.${locale}.txt`);
    }
  return files;
}
