import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError, type FeatureSettings } from '@poc-tracker/contracts';

type Caller = Pick<Principal, 'userId' | 'permissions'>;

/** The relation of a POC to the principal. */
export interface PocRelation {
  createdBy: string | null;
  /** The principal is one of its collaborators. */
  collaborates: boolean;
}

/** The author, and users who manage all POCs. Owners delete a POC, publish it and choose its collaborators. */
export function ownsPoc(
  { userId, permissions }: Caller,
  poc: Pick<PocRelation, 'createdBy'>,
): boolean {
  if (permissions.includes('manage_pocs')) return true;
  return permissions.includes('create_pocs') && poc.createdBy === userId;
}

/** Owners and, if the tenant has enabled collaboration, collaborators. */
export function mayEditPoc(
  principal: Caller,
  poc: PocRelation,
  settings: Pick<FeatureSettings, 'enableCollaboration'>,
): boolean {
  if (ownsPoc(principal, poc)) return true;
  return (
    settings.enableCollaboration &&
    poc.collaborates &&
    principal.permissions.includes('create_pocs')
  );
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS. */
export function assertOwnsPoc(principal: Caller, poc: Pick<PocRelation, 'createdBy'>): void {
  if (!ownsPoc(principal, poc)) throw notAllowed('manage_pocs');
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS. */
export function assertMayEditPoc(
  principal: Caller,
  poc: PocRelation,
  settings: Pick<FeatureSettings, 'enableCollaboration'>,
): void {
  if (!mayEditPoc(principal, poc, settings)) throw notAllowed('manage_pocs');
}

/** @param setting the setting that the tenant has disabled */
export function settingDisabled(setting: keyof FeatureSettings): ApiError {
  return notAllowed(`features.${setting}`);
}

function notAllowed(required: string): ApiError {
  return new ApiError('INSUFFICIENT_PERMISSIONS', { details: { required: [required] } });
}
