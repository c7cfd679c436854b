/**
 * The countries of ISO 3166-1 by their alpha-2 codes, and XK, by which databases of addresses name Kosovo: without it, the
 * addresses of Kosovo would be of no known country.
 */
export const COUNTRIES: readonly string[] = (
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ ' +
  'BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM ' +
  'DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS ' +
  'GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN ' +
  'KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ ' +
  'MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM ' +
  'PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV ' +
  'SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI ' +
  'VN VU WF WS XK YE YT ZA ZM ZW'
).split(' ');

/** The countries that a tenant allows unless it says otherwise: Brazil and the countries of the Southern Cone. */
export const DEFAULT_ALLOWED_COUNTRIES: readonly string[] = Object.freeze([
  'BR',
  'AR',
  'UY',
  'PY',
  'CL',
]);

/** What a tenant does with log-ins from a country that it does not allow: nothing, record them, refuse them. */
export const COUNTRY_POLICIES = ['off', 'observe', 'enforce'] as const;

/** The country policy of a tenant that has one. */
export interface CountryPolicy {
  readonly mode: Exclude<(typeof COUNTRY_POLICIES)[number], 'off'>;
  /** Empty: every country. */
  readonly allowed: readonly string[];
  /** Not allowed even if it is in `allowed`. */
  readonly denied: readonly string[];
}

const KNOWN: ReadonlySet<unknown> = new Set(COUNTRIES);

export function isCountry(value: unknown): value is string {
  return KNOWN.has(value);
}

/** True for a list of different countries. */
export function isCountryList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isCountry) && new Set(value).size === value.length;
}
