import { describe, expect, it } from 'vitest';
import { CHARACTERS_WITH_FORMS, formsOf } from './code-points.fixture.js';
import { hasRecommendedScripts, nameKey, reservedNames } from './name-key.js';

describe('nameKey', () => {
  it.each([
    ['Gestão', 'Gesta\u0303o'],
    ['Gestão', 'GESTÃO'],
    ['Auditor', 'auditor'],
    ['Auditor', 'Аuditоr'],
    ['Auditor', 'Αuditοr'],
    ['Auditor', 'ＡＵＤＩＴＯＲ'],
    ['Auditor', '𝐀𝐮𝐝𝐢𝐭𝐨𝐫'],
    ['Support', 'Ѕuрроrt'],
    ['Cashier', 'Саshіеr'],
    ['Team Lead', 'Team  Lead'],
    ['Team Lead', 'Team\u00a0Lead'],
    ['Team-Lead', 'Team\u2011Lead'],
    ['Team-Lead', 'Team–Lead'],
    ['Team-Lead', 'Team\u2212Lead'],
    ["Head's", 'Head’s'],
    ["Head's", 'Head\u02bbs'],
    ["Head's", 'Head\u2032s'],
    ['Payroll', 'Payrol\u04cf'],
    ['Payroll', 'Payrol\u04c0'],
    ['Finance', 'ﬁnance'],
    ['Straße', 'STRASSE'],
    ['İşlem', 'işlem'],
    ['Ops', 'O\u200dps'],
    ['Auditor', 'ᴀᴜᴅɪᴛᴏʀ'],
    ['άlpha', 'álpha'],
    ['BOB', 'ВОВ'],
    ['Вова', 'вова'],
    ['ΝΊΚΟΣ', 'νίκος'],
  ])('is one for %s and %s', (name, other) => {
    expect(nameKey(other)).toBe(nameKey(name));
  });

  it.each([
    ['Secretária', 'Secretaria'],
    ['Level 1', 'Level l'],
    ['Level 0', 'Level O'],
    ['Modern', 'Modem'],
    ['Admin A', 'Admin B'],
    ['TeamLead', 'Team Lead'],
    ['Bodø', 'Bodo'],
    ['Продажи', 'Продажа'],
  ])('differs for %s and %s', (name, other) => {
    expect(nameKey(other)).not.toBe(nameKey(name));
  });

  it('is one for all forms of each character of Unicode', () => {
    const faults = CHARACTERS_WITH_FORMS.filter((character) => {
      const key = nameKey(`a${character}b`);
      return [key, ...formsOf(character)].some(
        (form) => nameKey(form === key ? key : `a${form}b`) !== key,
      );
    });
    expect(faults).toEqual([]);
  });
});

describe('reservedNames', () => {
  const isAdmin = reservedNames(['admin']);

  it.each([
    'admin',
    'ADMIN',
    'Admin',
    'аdmin',
    'аdmіn',
    'ádmin',
    'admín',
    'adm1n',
    'admln',
    'adrnin',
    'admın',
    'ａｄｍｉｎ',
    'Αdmin',
    'a\u200ddmin',
    ' admin ',
    'ＡＤＭＩＮ',
    'admịn',
    'ađmin',
    'aɗmin',
    'admɨn',
    'ⱥdmin',
    'Ⱥdmin',
    'adɱin',
    'admiŋ',
    'ᴀᴅᴍɪɴ',
    'ᴬᴰᴹᴵᴺ',
    'a d m i n',
    'a.d.m.i.n',
    'ad-min',
    'ad_min',
    'admin1',
    'admin-2',
    'Admin 007',
    '4dmin',
    '@dmin',
    'ADM!N',
    '[admin]',
  ])('takes %s for admin', (name) => {
    expect(isAdmin(name)).toBe(true);
  });

  it.each(['administrator', 'admins', 'adm', 'my admin', 'madmin', '1', '', '2 admin x'])(
    'does not take %j for admin',
    (name) => {
      expect(isAdmin(name)).toBe(false);
    },
  );

  it.each([
    ['platform', 'platf0rm'],
    ['platform', 'p1atform'],
    ['platform', 'platforrn'],
    ['platform', 'plat-form'],
    ['www', 'vvww'],
    ['www', 'www1'],
    ['www', 'w-w-w-2'],
    ['api', 'ap1'],
    ['api', 'api2'],
    ['blog', 'b1og'],
    ['blog', '8log'],
    ['support', 'supp0rt'],
    ['support', 'support1'],
    ['user', 'us3r'],
    ['user', 'usɇr'],
    ['user', 'useɽ'],
    ['operator', 'øperator'],
    ['operator', 'Opɇrator'],
    ['viewer', 'viɇwɇr'],
    ['viewer', 'VI3W3R'],
    ['status', '5tatu5'],
    ['pop', 'pop3'],
    ['mta-sts', 'mtasts'],
    ['aegis', 'ægis'],
    ['aegis', 'ӕgis'],
    ['oem', 'œm'],
    ['auth', 'auþ'],
    ['wiss', 'wiß'],
    ['admin', 'ADMIΝ'],
    ['admin', 'admiη'],
    ['admin', 'αdmιή'],
    ['security', 'SECURITΥ'],
    ['cname', 'ϲname'],
    ['operator', 'סperatסr'],
    ['operator', 'өperatөr'],
    ['operator', 'ჿperator'],
    ['viewer', 'טiewer'],
    ['manager', 'ӎanager'],
    ['admin', 'adm١n'],
    ['admin', 'admוn'],
    ['user', 'usзr'],
    ['user', 'us℮r'],
    ['user', 'ሀser'],
    ['security', 'securitყ'],
    ['blog', 'ҍlog'],
    ['ceo', '¢eo'],
  ])('takes for %s also %s', (reserved, name) => {
    expect(reservedNames([reserved])(name)).toBe(true);
  });
});

describe('hasRecommendedScripts', () => {
  it.each([
    'Auditor',
    'Gestão 2 – “Norte”',
    'Бухгалтер',
    'Λογιστής',
    'Հաշվապահ',
    'מנהל',
    'مدیر\u200cکل',
    'लेखापाल',
    'ผู้ดูแล',
    '会計 けいり ケイリー',
    '회계',
    'ბუღალტერი',
    'ኦዲተር',
    '👩\u200d💻 ❤\ufe0f',
  ])('accepts %j', (name) => {
    expect(hasRecommendedScripts(name)).toBe(true);
  });

  it.each([
    ['Cherokee', 'ꭰdmin'],
    ['Coptic', 'ⲟperator'],
    ['Lisu', 'ꓳperator'],
    ['Deseret', '𐐬perator'],
    ['Runic', 'ᚠ'],
    ['Braille', '⠁dmin'],
    ['Canadian Aboriginal', 'ᗪ'],
  ])('refuses letters of %s', (_script, name) => {
    expect(hasRecommendedScripts(name)).toBe(false);
  });
});
