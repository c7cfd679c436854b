/** The settings of the group `security` of a tenant that has set none, written out: a changed default must be meant. */
export const SECURITY_DEFAULTS = {
  sessionTimeout: 24,
  sessionLifetime: 168,
  maxSessions: 100,
  passwordMinLength: 8,
  passwordHistory: 0,
  passwordWords: [],
  countryPolicy: 'off',
  allowedCountries: ['BR', 'AR', 'UY', 'PY', 'CL'],
  deniedCountries: [],
  riskPolicy: 'observe',
  requireMFA: false,
  mfaRoles: [],
  emailCodeFactor: true,
  rememberDevices: false,
};
