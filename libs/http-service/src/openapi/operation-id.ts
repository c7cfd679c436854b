/** The verbs of the API. A new one belongs here only if none of these says the same. */
const VERBS = [
  'activate',
  'add',
  'cancel',
  'change',
  'confirm',
  'create',
  'deactivate',
  'delete',
  'download',
  'export',
  'get',
  'inspect',
  'introspect',
  'list',
  'purge',
  'reactivate',
  'refresh',
  'register',
  'remove',
  'renew',
  'replace',
  'require',
  'resend',
  'reset',
  'restore',
  'revoke',
  'send',
  'stream',
  'suspend',
  'unlock',
  'update',
  'upload',
  'verify',
];

const VERB_AND_NOUN = new RegExp(`^(${VERBS.join('|')})([A-Z][a-z0-9]+)+$`);

/** Verbs that need no noun, and the ways to log in. */
const COMPLETE: ReadonlySet<string> = new Set([
  'logIn',
  'logInWithCode',
  'logInWithMagicLink',
  'logOut',
]);

/** Whether an operation id, from which clients generate the names of methods, is a verb and a noun in camel case: `listUsers`. */
export function isOperationId(id: string): boolean {
  return VERB_AND_NOUN.test(id) || COMPLETE.has(id);
}
