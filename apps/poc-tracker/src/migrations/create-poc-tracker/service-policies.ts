import { CURRENT_USER_ID, CURRENT_USER_ROLE } from '@poc-tracker/tenancy';

const IS_CREATOR = `created_by = ${CURRENT_USER_ID} AND ${CURRENT_USER_ROLE} IN ('user', 'manager', 'admin')`;
const MAY_WRITE = `(${IS_CREATOR}) OR ${CURRENT_USER_ROLE} IN ('manager', 'admin')`;

/** What the login of the authentication service may do with POCs and their files. */
export const SERVICE_POLICIES = {
  select: `${CURRENT_USER_ID} IS NOT NULL`,
  insert: IS_CREATOR,
  update: MAY_WRITE,
  delete: MAY_WRITE,
};
