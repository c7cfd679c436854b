import { checkEmail, checkLine, checkText } from '@poc-tracker/text';
import { describe, expect, it } from 'vitest';
import { randomTexts, seedTenant, seedUser, TEXT_PIECES } from '@poc-tracker/testing';
import { HASH, INSERT_POC, INSERT_USER, refusal, useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

/** What a function of the database says of each text. */
async function judgedBy(rule: string, texts: readonly string[]): Promise<boolean[]> {
  const { rows } = await db.admin.query<{ verdict: boolean }>(
    `SELECT ${rule}(text) AS verdict FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n`,
    [texts],
  );
  return rows.map(({ verdict }) => verdict);
}

/** True if the service stores the text as it is. */
const isStored = (check: typeof checkText, text: string): boolean => {
  const checked = check(text, 10_000);
  return 'text' in checked && checked.text === text;
};

const RULES = {
  is_line_of_text: (text: string) => isStored(checkLine, text),
  is_text: (text: string) => isStored(checkText, text),
  is_email_address: (text: string) => isStored(checkEmail, text),
};

/** The texts that the service and the database judge differently. */
async function differences(rule: keyof typeof RULES, texts: readonly string[]): Promise<string[]> {
  const verdicts = await judgedBy(rule, texts);
  return texts.filter((text, index) => RULES[rule](text) !== verdicts[index]);
}

/** Han, Hangul, Tangut and private use without the first and the last: their characters are alike. */
const UNIFORM =
  /[\u3401-\u4DBE\u4E01-\u9FFE\uAC01-\uD7A2\uE001-\uF8FE\u{17001}-\u{187FE}\u{20001}-\u{EFFFE}\u{F0001}-\u{10FFFD}]/u;

/** The characters that PostgreSQL stores and that have a meaning: it accepts the others, which a later Unicode may assign. */
const CHARACTERS = Array.from({ length: 0x110000 }, (_, codePoint) => codePoint)
  .filter((codePoint) => codePoint !== 0 && (codePoint < 0xd800 || codePoint > 0xdfff))
  .map((codePoint) => String.fromCodePoint(codePoint))
  .filter((character) => !UNIFORM.test(character) || /\p{DI}/u.test(character))
  .filter((character) => !/\p{Cn}/u.test(character) || /\p{DI}|\p{NChar}/u.test(character));

const around = (before: string, after: string): string[] =>
  CHARACTERS.map((character) => before + character + after);

/** Letters that this PostgreSQL does not know in the version of Unicode that it has. */
async function known(texts: readonly string[]): Promise<string[]> {
  const verdicts = await judgedBy('unicode_assigned', texts);
  return texts.filter((_, index) => verdicts[index]);
}

describe('The rule of a line of text in the database', () => {
  it.each([
    ['between letters', 'a', 'b'],
    ['at the start', '', 'b'],
    ['at the end', 'a', ''],
    ['alone', '', ''],
    ['before a joiner', 'a', '\u200db'],
    ['after a joiner', 'a\u200d', 'b'],
    ['before a selector', 'a', '\ufe0fb'],
  ])(
    'is that of the service for each character %s',
    { timeout: 120_000 },
    async (_where, before, after) => {
      const texts = await known(around(before, after));
      expect(await differences('is_line_of_text', texts)).toEqual([]);
      expect(await differences('is_text', texts)).toEqual([]);
    },
  );

  it('is that of the service for 20,000 random texts', async () => {
    const texts = randomTexts(20_000);
    expect(texts.filter(RULES.is_line_of_text).length).toBeGreaterThan(500);
    expect(await differences('is_line_of_text', texts)).toEqual([]);
    expect(texts.filter(RULES.is_text).length).toBeGreaterThan(500);
    expect(await differences('is_text', ['', ...texts])).toEqual([]);
  });

  it('accepts what a later version of Unicode may assign', async () => {
    const unassigned = ['\u0378', '\u{1fae0}', '\u{323b0}', '\u{1fadb}\ufe0f'].map(
      (text) => `a ${text} b`,
    );
    expect(await judgedBy('is_line_of_text', unassigned)).toEqual(unassigned.map(() => true));
  });
});

describe('The rule of an email address in the database', () => {
  it('is that of the service for each character of Unicode', { timeout: 120_000 }, async () => {
    const texts = await known([...around('a', 'b@x.example'), ...around('', '@x.example')]);
    expect(await differences('is_email_address', texts)).toEqual([]);
  });

  it('is that of the service for 20,000 random addresses', async () => {
    const pieces = [
      ...TEXT_PIECES,
      ...['a', 'b', '.', 'x', '+', '_', '\u00df', '\ufb01', '\u2474', '\u{1f600}'],
    ];
    const locals = randomTexts(10_000, pieces).map((local) => `${local}@x.example`);
    const letters = ['a', 'b', 'c', '0', '9', '-', '.', '.', 'x', 'A', '_', '@', ' '];
    const domains = randomTexts(10_000, letters).map((domain) => `ana@${domain}`);
    for (const texts of [locals, domains]) {
      expect(texts.filter(RULES.is_email_address).length).toBeGreaterThan(100);
      expect(await differences('is_email_address', texts)).toEqual([]);
    }
  });

  it('counts the same bytes', async () => {
    const label = 'a'.repeat(63);
    const texts = [64, 65].flatMap((length) => [
      `${'a'.repeat(length)}@x.example`,
      `${'\u00e9'.repeat(length / 2)}@x.example`,
      `a@${'a'.repeat(length - 1)}.example`,
      `${'a'.repeat(length - 8)}@${label}.${label}.${label}.de`,
    ]);
    expect(await differences('is_email_address', texts)).toEqual([]);
  });
});

describe('A column with a text of a user', () => {
  it('has one of these rules', async () => {
    const { rows } = await db.admin.query<{ name: string; rule: string }>(
      `SELECT format('%s.%s', c.conrelid::regclass, a.attname) AS name,
              substring(pg_get_expr(c.conbin, c.conrelid) FROM '(is_[a-z_]+)\\(') AS rule
         FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
        WHERE c.contype = 'c' AND pg_get_expr(c.conbin, c.conrelid) ~ 'is_(line_of_text|text|email_address)\\('
        ORDER BY 1`,
    );
    expect(rows.map(({ name, rule }) => `${name} ${rule}`)).toEqual([
      'invites.email is_email_address',
      'mail_templates.body is_text',
      'mail_templates.subject is_line_of_text',
      'one_time_tokens.email is_email_address',
      'operator_invitations.email is_email_address',
      'outgoing_mails.email is_email_address',
      'pending_registrations.email is_email_address',
      'pending_registrations.first_name is_line_of_text',
      'pending_registrations.last_name is_line_of_text',
      'poc_files.file_name is_line_of_text',
      'pocs.description is_text',
      'pocs.title is_line_of_text',
      'purged_tenants.reason is_line_of_text',
      'service_clients.name is_line_of_text',
      'suppressed_addresses.email is_email_address',
      'tenant_mail.reply_to is_email_address',
      'tenant_mail.sender_address is_email_address',
      'tenant_mail.sender_name is_line_of_text',
      'tenant_roles.description is_text',
      'tenant_roles.name is_line_of_text',
      'tenants.billing_email is_email_address',
      'tenants.name is_line_of_text',
      'tenants.status_reason is_line_of_text',
      'user_factors.name is_line_of_text',
      'users.email is_email_address',
      'users.first_name is_line_of_text',
      'users.last_name is_line_of_text',
    ]);
  });

  it('is any column but these, which hold codes, keys, URLs or what a client says of itself', async () => {
    const { rows } = await db.admin.query<{ name: string }>(
      `SELECT format('%s.%s', a.attrelid::regclass, a.attname) AS name
         FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
        WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND a.attnum > 0
          AND NOT a.attisdropped AND a.attgenerated = '' AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)
          AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.contype = 'c' AND c.conrelid = t.oid AND a.attnum = ANY (c.conkey)
                AND pg_get_expr(c.conbin, c.conrelid) ~ 'is_(line_of_text|text|email_address)\\(')
        ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'audit_anchors.entry_table',
      'audit_chain.entry_table',
      'audit_log.actor_kind',
      'audit_log.operation',
      'audit_log.table_name',
      'audit_pending.entry_table',
      'invite_links.role',
      'invites.role',
      'login_challenges.device_id',
      'mail_events.id',
      'mail_requests.kind',
      'mail_templates.kind',
      'mail_templates.locale',
      'migrations.name',
      'one_time_tokens.purpose',
      'outgoing_mails.category',
      'outgoing_mails.kind',
      'outgoing_mails.last_error',
      'outgoing_mails.status',
      'password_history.password_hash',
      'pending_registrations.invite_kind',
      'pending_registrations.password_hash',
      'poc_files.content_type',
      'pocs.status',
      'revocation_events.kind',
      'scheduled_jobs.name',
      'security_events.actor_kind',
      'security_events.request_id',
      'security_events.result',
      'security_events.target_id',
      'security_events.target_type',
      'security_events.type',
      'security_events.user_agent',
      'service_clients.name_key',
      'suppressed_addresses.reason',
      'tenant_domains.domain',
      'tenant_domains.token',
      'tenant_mail.smtp_host',
      'tenant_mail.smtp_user',
      'tenant_roles.name_key',
      'tenant_settings.setting_key',
      'tenants.plan_type',
      'tenants.status',
      'tenants.subdomain',
      'usage_events.level',
      'usage_events.resource',
      'user_factors.kind',
      'user_factors.rp_id',
      'user_sessions.opened_with',
      'user_sessions.user_agent',
      'users.avatar_url',
      'users.locale',
      'users.password_hash',
      'users.role',
      'users.status',
      'users.suspended_by_role',
      'users.timezone',
    ]);
  });

  it.each([
    ['invisible', 'a\u200bna'],
    ['blank', '\u3164'],
    ['in another direction', '\u202eana'],
    ['on several lines', 'a\nna'],
    ['not in NFC', 'e\u0301'],
  ])('accepts no text that is %s from the logins of the services', async (_what, text) => {
    const { tenantId } = await seedTenant(db.database);
    const admin = { tenantId, role: 'admin' };
    const refused = async (sql: string, params: unknown[], constraint: string) =>
      expect(db.statement(admin, sql, params)).rejects.toEqual(refusal('23514', constraint));
    await refused(INSERT_USER, [tenantId, `${text}@x.example`, HASH], 'users_email_check');
    await refused('UPDATE tenants SET name = $1', [text], 'tenants_name_check');
    await refused(
      'INSERT INTO tenant_roles (tenant_id, name, name_key) VALUES ($1, $2, $3)',
      [tenantId, text, 'key'],
      'tenant_roles_name_check',
    );
    const { userId } = await seedUser(db.database, tenantId);
    const tracker = { tenantId, userId, role: 'user', login: 'tracker' as const };
    await expect(db.statement(tracker, INSERT_POC, [tenantId, text, userId])).rejects.toEqual(
      refusal('23514', 'pocs_title_check'),
    );
  });
});
