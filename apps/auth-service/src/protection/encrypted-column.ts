/** A value that is stored encrypted, and what it is bound to (see DataCipher). */
export interface EncryptedValue {
  tenantId: string;
  /** Of the row; the id of the tenant if a tenant has one row. */
  id: string;
  stored: Buffer;
  context: string;
}

/** A column of encrypted values of all tenants, on the operators' login, for the rotation of data keys. */
export interface EncryptedColumn {
  /** The table and the column. */
  readonly column: string;
  /** The values after this one, in the order of their keys. */
  list(
    after: Pick<EncryptedValue, 'tenantId' | 'id'> | undefined,
    limit: number,
  ): Promise<EncryptedValue[]>;
  /** Replaces a value that has not changed since it was read. @returns false if it has. */
  replace(value: EncryptedValue, next: Buffer): Promise<boolean>;
}
