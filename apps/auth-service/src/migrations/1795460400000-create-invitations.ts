import type { MigrationInterface, QueryRunner } from 'typeorm';
import { INVITE_LINKS } from './create-invitations/invite-links.js';
import { INVITER_RANK } from './create-invitations/inviter-rank.js';
import { INVITES } from './create-invitations/invites.js';

const PARTS = [INVITER_RANK, INVITES, INVITE_LINKS];

/** Invitations to one address, and invitation links for many users. */
export class CreateInvitations1795460400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const { up } of PARTS) await runner.query(up.join(';\n'));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { down } of [...PARTS].reverse()) await runner.query(down.join(';\n'));
  }
}
