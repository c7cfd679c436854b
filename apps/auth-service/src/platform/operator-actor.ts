/** The operator that acts: one who is logged in, or the user of a command line. */
export interface OperatorActor {
  /** The operator's user id; null at the command line, where no operator is logged in. */
  operatorId: string | null;
  /** Added to the entries in the audit log, such as the account of the operating system. */
  details?: Readonly<Record<string, string>>;
}
