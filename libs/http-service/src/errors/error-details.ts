import { FACTOR_KINDS, FEATURES, PERMISSIONS, PLANS } from '@poc-tracker/contracts';

const LIST_OF_FIELDS = {
  type: 'array',
  description: 'VALIDATION_ERROR: each invalid field with what is wrong.',
  items: {
    type: 'object',
    required: ['field', 'message'],
    properties: {
      field: { type: 'string', description: 'The path of the field, with dots.' },
      message: { type: 'string' },
    },
  },
};

const numbers = (...names: string[]): object => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'number' }])),
});

const OBJECT = {
  type: 'object',
  description: 'The members depend on the code.',
  properties: {
    limits: {
      ...numbers('maxUsers', 'maxPocs', 'maxStorageGb'),
      description: 'USER_, POC_ and STORAGE_LIMIT_EXCEEDED: the limits of the tenant.',
    },
    usage: {
      ...numbers('users', 'pocs', 'storageGb'),
      description: 'USER_, POC_ and STORAGE_LIMIT_EXCEEDED: what the tenant uses.',
    },
    feature: {
      type: 'string',
      enum: [...FEATURES],
      description: 'FEATURE_NOT_AVAILABLE: the feature that is missing.',
    },
    availableIn: {
      type: 'array',
      items: { type: 'string', enum: [...PLANS] },
      description: 'FEATURE_NOT_AVAILABLE: the plans that include the feature.',
    },
    required: {
      type: 'array',
      items: { type: 'string' },
      description: `INSUFFICIENT_PERMISSIONS: what is missing, permissions (${PERMISSIONS.join(', ')}) or roles.`,
    },
    maxAgeMinutes: {
      type: ['integer', 'null'],
      description:
        'STEP_UP_REQUIRED: how many minutes old the proof of identity may be; null if any in this session is enough.',
    },
    factor: {
      type: 'boolean',
      description: 'STEP_UP_REQUIRED: whether the proof must include the second factor.',
    },
    methods: {
      type: 'array',
      items: { type: 'string' },
      description:
        'STEP_UP_REQUIRED and SECOND_FACTOR_REQUIRED: the fields of POST /auth/step-up or /auth/login/factor of which one is enough.',
    },
    challengeToken: {
      type: 'string',
      description: 'SECOND_FACTOR_REQUIRED: to send to POST /auth/login/factor.',
    },
    expiresIn: {
      type: 'integer',
      description: 'SECOND_FACTOR_REQUIRED: seconds for which the challenge is valid.',
    },
    factors: {
      type: 'array',
      items: { type: 'string', enum: [...FACTOR_KINDS] },
      description: 'FACTOR_ENROLLMENT_REQUIRED: the kinds of second factors to choose from.',
    },
    reason: { type: 'string', description: 'The rule that refuses the request.' },
    from: { type: 'string', description: 'INVALID_TRANSITION: the current status.' },
    size: { type: 'integer', description: 'RANGE_NOT_SATISFIABLE: the size of the file in bytes.' },
    limit: { type: 'integer', description: 'PAYLOAD_TOO_LARGE: the maximum size in bytes.' },
  },
};

/** The schema of the `details` of all errors. */
export const ERROR_DETAILS_SCHEMA = { oneOf: [LIST_OF_FIELDS, OBJECT] };
