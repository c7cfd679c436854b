import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** Invitations of operators on the service's login, which many more requests can use than the operators'. */
@Injectable()
export class OperatorInvitationRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Whether the secret can be used. */
  async isOpen(email: string, secretHash: Buffer): Promise<boolean> {
    const [row] = await this.database.lookup<{ open: boolean }>(
      'SELECT operator_invitation_is_open($1, $2) AS open',
      [email, secretHash],
    );
    return row?.open === true;
  }
}
