import { describe, expect, it } from 'vitest';
import { findSpellingFaults } from './spelling.rules.js';

const faultsOf = (text: string) => findSpellingFaults([{ path: 'docs/page.md', text }]);

describe('The check of spelling', () => {
  it('accepts American spelling', () => {
    expect(
      faultsOf('Its behavior: an email after a timeout, in the color of the license.'),
    ).toEqual([]);
  });

  it.each([
    ['an E-mail', 'email'],
    ['a time-out', 'timeout'],
    ['BEHAVIOUR', '-or'],
    ['normalisation', '-iz-'],
    ['to analyse', '-yz-'],
  ])('names the line of "%s" and what to write', (text, american) => {
    const faults = faultsOf(`First line\n${text}`);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^docs\/page\.md:2 has /);
    expect(faults[0]).toContain(`American spelling is ${american}.`);
  });
});
