import { CURRENT_USER_ID, hasPermission } from '@poc-tracker/tenancy';

const IS_CREATOR = `created_by = ${CURRENT_USER_ID} AND ${hasPermission('create_pocs')}`;
const MAY_WRITE = `(${IS_CREATOR}) OR ${hasPermission('manage_pocs')}`;

/** What the login of the authentication service may do with POCs and their files. */
export const SERVICE_POLICIES = {
  select: `${CURRENT_USER_ID} IS NOT NULL`,
  insert: IS_CREATOR,
  update: MAY_WRITE,
  delete: MAY_WRITE,
};
