import type { MailLanguage } from './mail-text.js';

const NOT_YOU =
  'If this was not you, change your password now and tell an administrator of {{ tenant }}.';

export const EN_US: MailLanguage = {
  texts: {
    verify_email: {
      subject: 'Confirm your email address',
      body: `Confirm that {{ email }} is your address to finish your registration at {{ tenant }}.

{{ link }}

The link works until {{ expiresAt }}. If you did not register, ignore this email.`,
    },
    known_address: {
      subject: 'You already have an account',
      body: `Somebody entered your address {{ email }} at {{ tenant }}. It belongs to your account already, so nothing was changed.

{{ link }}

If it was you, log in, or reset your password there. If it was not you, ignore this email.`,
    },
    reset_password: {
      subject: 'Reset your password',
      body: `You can set a new password for your account at {{ tenant }}.

{{ link }}

The link works once, until {{ expiresAt }}. If you did not ask for it, ignore this email: your password stays as it is.`,
    },
    magic_link: {
      subject: 'Your link to log in',
      body: `Use this link to log in at {{ tenant }}.

{{ link }}

The link works once, until {{ expiresAt }}. Do not forward this email. If you did not ask for it, ignore it.`,
    },
    login_code: {
      subject: 'Your code to log in',
      body: `Enter this code to log in at {{ tenant }}.

{{ code }}

The code works once, until {{ expiresAt }}. {{ tenant }} never asks for it by phone or email. If you did not try to \
log in, do not pass it on. If the request was not yours, change your password.`,
    },
    confirm_new_email: {
      subject: 'Confirm your new email address',
      body: `You asked to use {{ email }} for your account at {{ tenant }}. Confirm that this address is yours.

{{ link }}

The link works until {{ expiresAt }}. Until then your address stays as it is. If you did not ask for this, ignore this email.`,
    },
    test_mail: {
      subject: 'Test of the mail settings',
      body: `This email shows that the mail settings of {{ tenant }} work. You asked for it.`,
    },
    invitation: {
      subject: '{{ inviter }} invites you to {{ tenant }}',
      body: `{{ inviter }} invites you to join {{ tenant }}. Your role: {{ role }}.

{{ link }}

The invitation is for {{ email }} and is valid until {{ expiresAt }}. If you do not know the sender, ignore this email.`,
    },
    limit_warning: {
      subject: '{{ tenant }} has nearly reached a limit',
      body: `{{ tenant }} had used {{ percent }}% of a limit on {{ at }}.

Limit: {{ allowed }} {{ resource }}

When the limit is reached, nothing more can be added until something is deleted or the plan changes.`,
    },
    limit_reached: {
      subject: '{{ tenant }} has reached a limit',
      body: `{{ tenant }} reached a limit on {{ at }}.

Limit: {{ allowed }} {{ resource }}

Nothing more can be added until something is deleted or the plan changes.`,
    },
    email_changed: {
      subject: 'Your email address was changed',
      body: `The address of your account at {{ tenant }} was changed to {{ newEmail }}. If this was you, there is nothing to do.

If this was not you, take the change back:

{{ link }}

The link works until {{ expiresAt }}. It also ends all sessions of your account.`,
    },
    password_changed: {
      subject: 'Your password was changed',
      body: `The password of your account at {{ tenant }} was changed on {{ at }}. Other sessions were ended.

If this was not you, reset your password now and tell an administrator of {{ tenant }}.`,
    },
    new_device: {
      subject: 'Log-in from a new device',
      body: `Your account at {{ tenant }} was used on a device for the first time.

Device: {{ device }}
IP address: {{ address }}
Country: {{ country }}
Time: {{ at }}

${NOT_YOU}`,
    },
    factor_added: {
      subject: 'A second factor was added',
      body: `A second factor was added to your account at {{ tenant }} on {{ at }}: {{ factor }}.

${NOT_YOU}`,
    },
    factor_removed: {
      subject: 'A second factor was removed',
      body: `A second factor was removed from your account at {{ tenant }} on {{ at }}: {{ factor }}.

${NOT_YOU}`,
    },
    factors_reset: {
      subject: 'Your second factors were reset',
      body: `An administrator of {{ tenant }} removed all second factors of your account on {{ at }}. You can set up new ones \
at your next log-in.

If you did not ask for this, tell an administrator of {{ tenant }}.`,
    },
    account_locked: {
      subject: 'Your account is locked for a short time',
      body: `There were too many log-ins with a wrong password, so your account at {{ tenant }} is locked until {{ until }}. \
You can log in again after that.

If this was not you, somebody may be guessing your password. As long as it is a strong one that you use nowhere else, there is \
nothing to do.`,
    },
    suspicious_login: {
      subject: 'Suspicious log-in',
      body: `A log-in to your account at {{ tenant }} with the right password was unusual.

Device: {{ device }}
IP address: {{ address }}
Country: {{ country }}
Time: {{ at }}

${NOT_YOU}`,
    },
    operator_access: {
      subject: 'An operator accessed your data',
      body: `An operator of the platform accessed data of {{ tenant }} on {{ at }}.

Access: {{ action }}
Reason: {{ reason }}

You get one such email a day for each operator. The audit log of {{ tenant }} shows every access.`,
    },
  },
  actions: {
    verify_email: 'Confirm address',
    known_address: 'Log in',
    reset_password: 'Set new password',
    magic_link: 'Log in',
    confirm_new_email: 'Confirm address',
    invitation: 'Accept invitation',
    email_changed: 'Undo the change',
  },
  greeting: { named: 'Hello {{ name }},', unnamed: 'Hello,' },
  linkHint: 'If the button does not work, open this address:',
  footer: 'Sent to {{ email }} by {{ tenant }}. This email was written automatically.',
  words: {
    admin: 'administrator',
    manager: 'manager',
    user: 'user',
    viewer: 'viewer',
    totp: 'authenticator app',
    passkey: 'passkey',
    recovery_codes: 'recovery codes',
    email: 'code by email',
    no_reason: 'none given',
    read: 'view of the tenant',
    usage: 'view of the usage',
    'rate-limits': 'view of the rate limits',
    unlock: 'unlock of a user',
    'repair-usage': 'recount of the usage',
    suspend: 'suspension of the tenant',
    reactivate: 'reactivation of the tenant',
    cancel: 'cancellation of the tenant',
    restore: 'restoration of the tenant',
    purge: 'deletion of the tenant',
    users: 'users',
    pocs: 'POCs',
    storage: 'GB of storage',
    '': 'unknown',
  },
};
