/** The group `features` of a tenant's settings. */
export interface FeatureSettings {
  /** POCs that are made public can be read without a token. */
  allowPublicPocs: boolean;
  /** Others than the author may edit a POC. */
  enableCollaboration: boolean;
}

/** What holds where a tenant has stored nothing, or nothing that can be read; the policies of the tables say the same. */
export const FEATURE_SETTING_DEFAULTS: FeatureSettings = {
  allowPublicPocs: false,
  enableCollaboration: true,
};
