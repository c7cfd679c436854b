import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { OUTGOING_MAILS } from './create-mail/outgoing-mails.js';
import { SUPPRESSED_ADDRESSES } from './create-mail/suppressed-addresses.js';
import { TENANT_MAIL } from './create-mail/tenant-mail.js';

const PARTS = [TENANT_MAIL, SUPPRESSED_ADDRESSES, OUTGOING_MAILS];

/** Mails: the outbox, how a tenant sends, and the addresses that it no longer sends to. */
export class CreateMail1795460650000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
