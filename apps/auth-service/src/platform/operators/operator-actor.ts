/** Who acts on the platform: an operator who is logged in, or a person at the command line. */
export interface OperatorActor {
  /** The operator's user id; null at the command line, where nobody is logged in. */
  operatorId: string | null;
  /** What else the audit trail is to say of them, such as the account of the operating system. */
  details?: Readonly<Record<string, string>>;
}
