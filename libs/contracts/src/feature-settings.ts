/** The group `features` of a tenant's settings. */
export interface FeatureSettings {
  /** Public POCs can be read without a token. */
  allowPublicPocs: boolean;
  /** Users other than the author may edit a POC. */
  enableCollaboration: boolean;
}

/** Apply if a tenant has stored nothing, or nothing valid. The policies of the tables have the same defaults. */
export const FEATURE_SETTING_DEFAULTS: FeatureSettings = {
  allowPublicPocs: false,
  enableCollaboration: true,
};
