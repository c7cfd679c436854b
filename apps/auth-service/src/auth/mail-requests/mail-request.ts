import type { RequestClient } from '@poc-tracker/tenancy';

/** What the mail of a request has: the purposes of the token or code. */
export type MailRequestKind = 'reset_password' | 'magic_link' | 'login_code';

/** A request that was accepted, whether or not the address has an account. */
export interface MailRequest {
  readonly email: string;
  /** The secret of the browser that asked for a magic link. */
  readonly browser?: string;
}

/** A stored request, with what the audit log says about where it came from. */
export interface StoredRequest {
  readonly request: MailRequest;
  readonly requestId: string;
  readonly client?: RequestClient;
}
