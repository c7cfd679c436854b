import type { AuthenticationMethod, TenantSnapshot } from '@poc-tracker/contracts';
import type { RequestClient } from '@poc-tracker/tenancy';

/** A log-in whose user has proved at least one factor: by a password, a passkey, or a code or link by mail. */
export interface ProvenLogin {
  tenant: TenantSnapshot;
  userId: string;
  /** How. */
  amr: readonly AuthenticationMethod[];
  client: RequestClient;
  /** The name that the app gives to the device. */
  deviceId?: string | undefined;
  /** The password, if it was proved by one: whether it is leaked is part of the risk. */
  password?: string | undefined;
  /** Whether the other sessions of the user end, as after a new password. */
  revokesOthers?: boolean | undefined;
}
