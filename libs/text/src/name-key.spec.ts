import { describe, expect, it } from 'vitest';
import { CHARACTERS_WITH_FORMS, formsOf } from './code-points.fixture.js';
import { nameKey, reservedNameKey } from './name-key.js';

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
    ["Head's", 'Head’s'],
    ['Finance', 'ﬁnance'],
    ['Straße', 'STRASSE'],
    ['İşlem', 'işlem'],
    ['Ops', 'O\u200dps'],
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

describe('reservedNameKey', () => {
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
  ])('takes %s for admin', (name) => {
    expect(reservedNameKey(name)).toBe(reservedNameKey('admin'));
  });

  it.each(['administrator', 'admins', 'adm', 'my admin', 'madmin'])(
    'does not take %s for admin',
    (name) => {
      expect(reservedNameKey(name)).not.toBe(reservedNameKey('admin'));
    },
  );

  it.each([
    ['platform', 'platf0rm'],
    ['platform', 'p1atform'],
    ['platform', 'platforrn'],
    ['www', 'vvww'],
    ['api', 'ap1'],
    ['blog', 'b1og'],
    ['support', 'supp0rt'],
  ])('takes for %s also %s', (reserved, name) => {
    expect(reservedNameKey(name)).toBe(reservedNameKey(reserved));
  });
});
