import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../settings/environment-reader.js';
import { describeStartFailure, StartFailureError } from './start-failure.js';

const unknown = (): undefined => undefined;

function errorWith(properties: Partial<NodeJS.ErrnoException>): Error {
  return Object.assign(new Error(properties.message ?? ''), properties);
}

describe('describeStartFailure', () => {
  it.each([
    new StartFailureError('The port is taken.'),
    new ConfigurationError([{ variable: 'PORT', problem: 'is wrong.', example: '3000' }]),
    errorWith({ name: 'DataDirectoryInUseError', message: 'Process 42 uses this folder.' }),
  ])('prints only the sentence of a $name', (error) => {
    expect(describeStartFailure(error, unknown)).toBe(error.message);
  });

  it.each([
    ['PORT', { code: 'EADDRINUSE' }],
    ['PORT', { code: 'EACCES', syscall: 'listen' }],
    ['HOST', { code: 'EADDRNOTAVAIL' }],
  ])('names the setting %s for an address that cannot be used: %j', (setting, properties) => {
    const sentence = describeStartFailure(errorWith(properties), unknown);
    expect(sentence).toContain(setting);
    expect(sentence).not.toContain('\n');
  });

  it.each([
    ['EACCES', 'no permission'],
    ['EROFS', 'the file system is read-only'],
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'quota'],
  ])(
    'names the path, the reason and the setting of a folder that fails with %s',
    (code, reason) => {
      const sentence = describeStartFailure(errorWith({ code, path: '/srv/files' }), unknown);
      expect(sentence).toMatch(new RegExp(`^/srv/files .*${reason}.*DATA_DIR.*STORAGE_DIR.*$`));
    },
  );

  it.each([
    { code: 'SELF_SIGNED_CERT_IN_CHAIN', message: 'self-signed certificate' },
    { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', message: 'unable to verify' },
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: 'Host: db. is not in the cert' },
    { message: 'The server does not support SSL connections' },
  ])('names the settings of TLS for the failed handshake %j', (properties) => {
    const sentence = describeStartFailure(errorWith(properties), unknown);
    expect(sentence).toMatch(/^The TLS connection .*DATABASE_URL.*NODE_EXTRA_CA_CERTS.*$/);
    expect(sentence).toContain(properties.message);
  });

  it('says that the database is unreachable, with the code where the error has no message', () => {
    const unavailable = () => new ApiError('SERVICE_UNAVAILABLE');
    expect(describeStartFailure(errorWith({ code: 'ECONNREFUSED' }), unavailable)).toBe(
      'The database is unreachable, or it refuses the login of DATABASE_URL: ECONNREFUSED',
    );
  });

  it('prints the stack of an unexpected error', () => {
    expect(describeStartFailure(new TypeError('x is not a function'), unknown)).toMatch(
      /^TypeError: x is not[^]*\n +at /,
    );
  });
});
