import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { INVITE_LINKS } from './create-invitations/invite-links.js';
import { INVITER_RANK } from './create-invitations/inviter-rank.js';
import { INVITES } from './create-invitations/invites.js';

const PARTS = [INVITER_RANK, INVITES, INVITE_LINKS];

/** Invitations to one address, and invitation links for many users. */
export class CreateInvitations1795460400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
