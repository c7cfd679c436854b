import { domainToUnicode } from 'node:url';
import {
  checkEmail,
  emailSearchKey,
  nameKey,
  reservedNames,
  unicodeEmailSearchKey,
} from '@poc-tracker/text';
import { seedTenant } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();

/** Every character that PostgreSQL stores: without NUL and surrogates. */
const CHARACTERS = Array.from({ length: 0x110000 }, (_, codePoint) => codePoint)
  .filter((codePoint) => codePoint !== 0 && (codePoint < 0xd800 || codePoint > 0xdfff))
  .map((codePoint) => String.fromCodePoint(codePoint));

/** The texts for which a condition does not hold in the database. */
async function exceptions(condition: string, texts: readonly string[]): Promise<string[]> {
  const { rows } = await db.admin.query<{ text: string }>(
    `SELECT text FROM unnest($1::text[]) AS text WHERE (${condition}) IS NOT TRUE`,
    [texts],
  );
  return rows.map(({ text }) => text);
}

/** What a function of the database makes of each text. */
const keysOf = async (
  call: 'email_key' | 'unicode_email_key',
  texts: readonly string[],
): Promise<string[]> => {
  const { rows } = await db.admin.query<{ key: string }>(
    `SELECT ${call}(text) AS key FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n`,
    [texts],
  );
  return rows.map(({ key }) => key);
};

const searchKeys = async (texts: readonly string[]): Promise<string[]> => {
  const { rows } = await db.admin.query<{ key: string }>(
    'SELECT search_key(text) AS key FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n',
    [texts],
  );
  return rows.map(({ key }) => key);
};

describe('An email address in the database', () => {
  /** The condition of the constraint, for a text instead of the column. */
  async function emailCheck(): Promise<string> {
    const { rows } = await db.admin.query<{ condition: string }>(
      `SELECT pg_get_expr(conbin, conrelid) AS condition FROM pg_constraint WHERE conname = 'users_email_check'`,
    );
    return (rows[0]?.condition ?? '').replaceAll(/\bemail\b/g, 'text');
  }

  const accepted =
    'is accepted in the form that the service stores, with any character of Unicode in it';
  it(accepted, { timeout: 120_000 }, async () => {
    const stored = CHARACTERS.flatMap((character) => {
      const checked = checkEmail(`a${character}b@x.example`);
      return 'text' in checked ? [checked.text] : [];
    });
    expect(stored.length).toBeGreaterThan(100_000);
    expect(await exceptions(await emailCheck(), stored)).toEqual([]);
  });

  it.each([
    'Ana@x.example',
    'JOSÉ@x.example',
    'jose\u0301@x.example',
    '\u212bke@x.example',
    '\u212aim@x.example',
    'ana@bücher.example',
    'ana@X.example',
    'ana@a@x.example',
    'a na@x.example',
    ' ana@x.example',
    'ana',
    `${'a'.repeat(245)}@x.example`,
  ])('is refused in another form: %j', async (email) => {
    expect(await exceptions(await emailCheck(), [email])).toEqual([email]);
  });

  it('is refused with a capital letter of any script, also one that this PostgreSQL does not know', async () => {
    const capitals = CHARACTERS.filter(
      (character) =>
        character.toLowerCase() !== character && character.normalize('NFC') === character,
    );
    expect(capitals.length).toBeGreaterThan(1_400);
    const emails = capitals.map((capital) => `a${capital}b@x.example`);
    expect(await exceptions(await emailCheck(), emails)).toEqual(emails);
  });

  it('has one condition in all tables', async () => {
    const { rows } = await db.admin.query<{ condition: string }>(
      `SELECT DISTINCT replace(pg_get_expr(conbin, conrelid), 'billing_email', 'email') AS condition
         FROM pg_constraint WHERE conname LIKE '%email_check'`,
    );
    expect(rows).toHaveLength(1);
  });
});

describe('The key of an email address', () => {
  /** Addresses in their stored form. */
  const stored = (inputs: readonly string[]): string[] =>
    inputs.flatMap((input) => {
      const checked = checkEmail(input);
      return 'text' in checked ? [checked.text] : [];
    });

  /** Letters that this PostgreSQL does not know yet stay as they are in its keys. */
  const known = async (texts: readonly string[]): Promise<string[]> => {
    const unknown = new Set(await exceptions('unicode_assigned(text)', texts));
    return texts.filter((text) => !unknown.has(text));
  };

  it(
    'is what the service computes, for any character of Unicode',
    { timeout: 120_000 },
    async () => {
      const emails = await known(
        stored(CHARACTERS.flatMap((character) => [`a${character}b@x.example`])),
      );
      expect(emails.length).toBeGreaterThan(100_000);
      const keys = await keysOf('email_key', emails);
      expect(emails.filter((email, index) => keys[index] !== emailSearchKey(email))).toEqual([]);
    },
  );

  it('is what the service computes, for characters with marks', async () => {
    const marks = ['\u0307', '\u0301', '\u0345', '\u0323\u0307', '\u0345\u0301'];
    const letters = CHARACTERS.filter((character) => /\p{L}/u.test(character)).slice(0, 5_000);
    const emails = stored(
      letters.flatMap((letter) => marks.map((mark) => `${letter}${mark}@x.example`)),
    );
    const keys = await keysOf('email_key', emails);
    expect(emails.filter((email, index) => keys[index] !== emailSearchKey(email))).toEqual([]);
  });

  it('has the Unicode form of the domain for the search', { timeout: 120_000 }, async () => {
    // Every seventeenth: the ASCII form of a domain takes a while to compute.
    const characters = await known(CHARACTERS.filter((_, index) => index % 17 === 0));
    const emails = stored(characters.map((character) => `ana@a${character}b.x.example`));
    const international = emails.filter((email) => email.includes('@xn--'));
    expect(international.length).toBeGreaterThan(5_000);
    const keys = await keysOf('unicode_email_key', international);
    const differs = (email: string, index: number): boolean =>
      keys[index] !== unicodeEmailSearchKey(email);
    expect(international.filter(differs)).toEqual([]);
  });

  it.each([
    ['ana@xn--bcher-kva.example', 'ana@bücher.example'],
    ['ana@mail.xn--r8jz45g.xn--zckzah', 'ana@mail.例え.テスト'],
    ['straße@xn--strae-oqa.example', 'strasse@strasse.example'],
    ['ana@x.example', ''],
    ['xn--bcher-kva@x.example', ''],
    ['ana@xn--99999999.example', 'ana@xn--99999999.example'],
  ])('for the search of %s is "%s"', async (email, key) => {
    expect(await keysOf('unicode_email_key', [email])).toEqual([key]);
  });

  it('decodes long labels of several letters', async () => {
    const labels = [
      'пример-домена',
      '例え例え漢字',
      'büchérñø',
      'ελληνικά',
      '中国互联网络信息中心',
    ];
    const emails = stored(labels.map((label) => `ana@${label}.example`));
    const unicode = emails.map((email) => 'ana@' + domainToUnicode(email.slice(4)));
    expect(await keysOf('unicode_email_key', emails)).toEqual(
      unicode.map((email) => unicodeEmailSearchKey(email)),
    );
  });
});

describe('search_key', () => {
  it.each([
    ['Dvořák', 'dvorak'],
    ['Dvor\u030ca\u0301k', 'dvorak'],
    ['Łódź', 'lodz'],
    ['Straße', 'strasse'],
    ['STRAẞE', 'strasse'],
    ['Nguyễn Thị Ươm', 'nguyen thi uom'],
    ['Ðorđe Đorđević', 'dorde dordevic'],
    ['Øre Åse', 'ore ase'],
    ['Þórður Æsir', 'thordur aesir'],
    ['Œuvre', 'oeuvre'],
    ['ISPARTA Işık İpek', 'isparta isik ipek'],
    ['Ħal Għargħur', 'hal gharghur'],
    ['Ŋgũgĩ', 'ngugi'],
    ['Əliyev', 'eliyev'],
    ['Ŧŧ Ɖɖ Ƙƙ Ɓɓ Ɗɗ Ƴƴ', 'tt dd kk bb dd yy'],
    ['ǅ ﬁ ＡＢＣ', 'dz fi abc'],
    ['Paral·lel Paraŀlel', 'parallel parallel'],
    ['O’Brien Jean‑Luc', "o'brien jean-luc"],
    ['ÇĞŞÜÖ Škvorecký Ţîţă Őű', 'cgsuo skvorecky tita ou'],
    ['Ёлкин Й', 'елкин и'],
    ['ΝΊΚΟΣ νίκος', 'νικοσ νικοσ'],
    ['李小龍', '李小龍'],
    ['می\u200cخواهم', 'میخواهم'],
    ['क\u094d\u200dष', 'क\u094dष'],
    ['A\u200dna 👩\u200d💻 ❤\ufe0f', 'ana 👩💻 ❤'],
    ['Ana  Maria', 'ana maria'],
    ['Ana\u00a0\u2003Mar\u00eda', 'ana maria'],
    ['\u0101\u1680\u3000 b', 'a b'],
    ['O\u02bbBrien O\u2032Brien O\u02bcBrien', "o'brien o'brien o'brien"],
    ['a\u2212b\u2012c\u2015d', 'a-b-c-d'],
    ['', ''],
    ['Ana', 'ana'],
  ])('finds %s by %s', async (name, key) => {
    expect(await searchKeys([name])).toEqual([key]);
  });

  /** The letters of Unicode that this PostgreSQL knows in all their forms. */
  async function knownLetters(): Promise<string[]> {
    const forms = (letter: string) => letter + letter.toUpperCase() + letter.toLowerCase();
    const letters = CHARACTERS.filter((character) => /\p{L}/u.test(character));
    const unknown = new Set(await exceptions('unicode_assigned(text)', letters.map(forms)));
    return letters.filter((letter) => !unknown.has(forms(letter)));
  }

  async function lettersThatDiffer(
    letters: readonly string[],
    form: (letter: string) => string,
  ): Promise<string[]> {
    const changing = letters.filter((letter) => form(letter) !== letter);
    const [keys, others] = [await searchKeys(changing), await searchKeys(changing.map(form))];
    return changing.filter((_, index) => others[index] !== keys[index]);
  }

  it('is one for all normal forms of each letter of Unicode', async () => {
    const letters = await knownLetters();
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'])
      expect(await lettersThatDiffer(letters, (letter) => letter.normalize(form))).toEqual([]);
  });

  it('is one for a letter and its capital, in every script, also if this PostgreSQL does not know it', async () => {
    // Not for letters that share a capital with another one, as historic forms of Cyrillic letters do.
    const letters = CHARACTERS.filter((letter) => {
      const capital = letter.toUpperCase();
      const isPair =
        capital.length === letter.length && capital.toLowerCase() === letter.toLowerCase();
      return isPair && /\p{L}/u.test(letter);
    });
    expect(letters.length).toBeGreaterThan(100_000);
    expect(await lettersThatDiffer(letters, (letter) => letter.toUpperCase())).toEqual([]);
    expect(await lettersThatDiffer(letters, (letter) => letter.toLowerCase())).toEqual([]);
  });

  it('leaves only the letters a to z of every Latin letter that has an accent', async () => {
    const accented = (await knownLetters()).filter(
      (letter) =>
        /\p{Script=Latin}/u.test(letter) && /^[a-z]+\p{M}*$/iu.test(letter.normalize('NFKD')),
    );
    expect(accented.length).toBeGreaterThan(650);
    const keys = await searchKeys(accented);
    expect(accented.filter((_, index) => !/^[a-z]+$/.test(keys[index] ?? ''))).toEqual([]);
  });

  it('finds Latin letters by the letters that reserved names are read as', async () => {
    // Variants of v that look like u and y.
    const lookAlikes = new Set(['Ʋ', 'ʋ', 'ᶹ', 'ᶌ']);
    const letters = (await knownLetters()).filter((letter) => !lookAlikes.has(letter));
    const keys = await searchKeys(letters);
    const differs = (letter: string, index: number): boolean => {
      const key = keys[index] ?? '';
      return /^[a-z]$/.test(key) && !reservedNames([key])(letter);
    };
    expect(keys.filter((key) => /^[a-z]$/.test(key)).length).toBeGreaterThan(1_000);
    expect(letters.filter(differs)).toEqual([]);
  });

  it('does not depend on the locale of the database for Latin letters', async () => {
    const { rows } = await db.admin.query<{ name: string }>(
      `SELECT name FROM unnest(ARRAY['ŁÓDŹ', 'ÐØÞ', 'İI', 'ẞ']) AS name
        WHERE search_key(name) <> search_key(lower(name COLLATE "C"))`,
    );
    expect(rows).toEqual([]);
  });
});

describe('A custom role', () => {
  it('is refused if its name looks like that of another one', async () => {
    const { tenantId } = await seedTenant(db.database);
    const insert = (name: string) =>
      db.admin.query('INSERT INTO tenant_roles (tenant_id, name, name_key) VALUES ($1, $2, $3)', [
        tenantId,
        name,
        nameKey(name),
      ]);
    await insert('Gestão');
    await expect(insert('GESTÃO')).rejects.toMatchObject({
      constraint: 'tenant_roles_name_key',
    });
    await insert('Gestao');
  });
});

describe('A subdomain', () => {
  it('is refused in the form of an internationalized name', async () => {
    await expect(
      db.admin.query(`INSERT INTO tenants (name, subdomain) VALUES ('x', 'xn--pltform-gwa')`),
    ).rejects.toMatchObject({ constraint: 'tenants_subdomain_check' });
  });
});
