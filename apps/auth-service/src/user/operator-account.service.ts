import { Injectable } from '@nestjs/common';
import { CURRENT_TENANT, type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { UserRepository } from './user.repository.js';

/* The operators' login has no tenant policy, hence the tenant of the transaction in each condition. */
const REINSTATE = `
  UPDATE users SET password_hash = $2, must_change_password = false, role = 'admin', status = 'active'
   WHERE tenant_id = ${CURRENT_TENANT} AND email = $1
  RETURNING id`;

const SUSPEND = `
  UPDATE users SET status = 'suspended'
   WHERE tenant_id = ${CURRENT_TENANT} AND email = $1 AND status = 'active'
  RETURNING id`;

/** The accounts of operators: users of the platform's tenant, which only the operators' login may change. */
@Injectable()
export class OperatorAccountService {
  constructor(private readonly users: UserRepository) {}

  /**
   * Creates an operator, or gives an existing one this password and access again.
   * @returns the id of the user
   */
  async activate(transaction: SqlRunner, email: string, passwordHash: string): Promise<string> {
    const [known] = await transaction.query<{ id: string }>(REINSTATE, [email, passwordHash]);
    if (known !== undefined) return known.id;
    const id = uuidv7();
    const names = { firstName: null, lastName: null };
    await this.users.insert(
      { id, email, passwordHash, ...names, role: 'admin', emailVerified: true },
      transaction,
    );
    return id;
  }

  /**
   * Suspends an operator who is active.
   * @returns the id of the user, or null if no active operator has this address
   * @throws the database's refusal to suspend the last one (LAST_ADMIN).
   */
  async suspend(transaction: SqlRunner, email: string): Promise<string | null> {
    const [suspended] = await transaction.query<{ id: string }>(SUSPEND, [email]);
    return suspended?.id ?? null;
  }
}
