import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError, type FeatureSettings } from '@poc-tracker/contracts';

type UserRecord = Pick<Principal, 'userId' | 'permissions'>;

/** What the rules need to know of a POC. */
export interface PocRelation {
  createdBy: string | null;
  /** The person asking is one of its collaborators. */
  collaborates: boolean;
}

/** Authors and those who manage every POC: they delete it, publish it and say who works on it. */
export function ownsPoc(
  { userId, permissions }: UserRecord,
  poc: Pick<PocRelation, 'createdBy'>,
): boolean {
  if (permissions.includes('manage_pocs')) return true;
  return permissions.includes('create_pocs') && poc.createdBy === userId;
}

/** Owners and, where the tenant lets people work together, collaborators. */
export function mayEditPoc(
  person: UserRecord,
  poc: PocRelation,
  settings: Pick<FeatureSettings, 'enableCollaboration'>,
): boolean {
  if (ownsPoc(person, poc)) return true;
  return (
    settings.enableCollaboration && poc.collaborates && person.permissions.includes('create_pocs')
  );
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS. */
export function assertOwnsPoc(person: UserRecord, poc: Pick<PocRelation, 'createdBy'>): void {
  if (!ownsPoc(person, poc)) throw notAllowed('manage_pocs');
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS. */
export function assertMayEditPoc(
  person: UserRecord,
  poc: PocRelation,
  settings: Pick<FeatureSettings, 'enableCollaboration'>,
): void {
  if (!mayEditPoc(person, poc, settings)) throw notAllowed('manage_pocs');
}

/** @param setting the tenant's own, which is off. */
export function switchedOff(setting: keyof FeatureSettings): ApiError {
  return notAllowed(`features.${setting}`);
}

function notAllowed(required: string): ApiError {
  return new ApiError('INSUFFICIENT_PERMISSIONS', { details: { required: [required] } });
}
