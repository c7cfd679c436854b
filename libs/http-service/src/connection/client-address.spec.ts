import { describe, expect, it } from 'vitest';
import { clientAddress, parseAddress, inNetworks } from './client-address.js';

describe('parseAddress', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    [' 203.0.113.9 ', '203.0.113.9'],
    ['203.0.113.9:51234', '203.0.113.9'],
    ['203.0.113.9:65535', '203.0.113.9'],
    ['[203.0.113.9]:443', '203.0.113.9'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['2001:0DB8:0:0:0:0:0:0007', '2001:db8::7'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['FE80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:1.2.3.4', '1.2.3.4'],
    ['::ffff:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:0102:0304', '1.2.3.4'],
    ['[::ffff:1.2.3.4]:8080', '1.2.3.4'],
    ['::1', '::1'],
    ['::', '::'],
  ])('reads %s as %s', (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    'acme.example',
    '203.0.113.9:',
    '203.0.113.9:123456',
    '203.0.113.9:99999',
    '[2001:db8::7]:65536',
    '203.0.113.9:80:80',
    '203.0.113.256',
    '010.0.0.1',
    '1.2.3',
    '16909060',
    '0x7f000001',
    '[]',
    '[]:80',
    '[2001:db8::7',
    '2001:db8::7]:443',
    '[[::1]]',
    '2001:db8::7::1',
    '%eth0',
    '1.2.3.4/24',
    "1.2.3.4'; DROP TABLE users",
    '１.２.３.４',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('inNetworks', () => {
  it.each([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.2', '10.0.0.2', true],
    ['10.0.0.2', '10.0.0.3', false],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::1', '::1', true],
    ['::ffff:10.0.0.2', '10.0.0.2', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
  ])('with %s, the trust in %s is %s', (proxy, address, expected) => {
    expect(inNetworks([proxy])(address)).toBe(expected);
  });

  it('trusts no address without a proxy', () => {
    expect(inNetworks([])('127.0.0.1')).toBe(false);
  });
});

describe('clientAddress', () => {
  const isTrusted = inNetworks(['10.0.0.0/8', '2001:db8:f::/48']);

  it.each([
    ['the connection', '203.0.113.9', '', '203.0.113.9'],
    ['the connection of an IPv4 client to an IPv6 socket', '::ffff:203.0.113.9', '', '203.0.113.9'],
    [
      'the connection, whatever an untrusted client sends',
      '203.0.113.9',
      '198.51.100.1',
      '203.0.113.9',
    ],
    ['the entry of a trusted proxy', '10.0.0.2', '198.51.100.1', '198.51.100.1'],
    [
      'the entry of a trusted proxy on an IPv6 socket',
      '::ffff:10.0.0.2',
      '198.51.100.1',
      '198.51.100.1',
    ],
    ['an entry with a port', '10.0.0.2', '203.0.113.9:51234', '203.0.113.9'],
    ['an IPv6 entry with a port', '10.0.0.2', '[2001:db8::7]:443', '2001:db8::7'],
    [
      'the entry before trusted proxies with ports',
      '10.0.0.2',
      '198.51.100.1:1, 10.1.2.3:2,[2001:DB8:F::1]:3',
      '198.51.100.1',
    ],
    [
      'the last entry that is not a trusted proxy',
      '10.0.0.2',
      '192.0.2.66, 198.51.100.1',
      '198.51.100.1',
    ],
    ['the first proxy if all are trusted', '10.0.0.2', '10.0.0.4, 10.0.0.3', '10.0.0.4'],
    ['the trusted proxy that sent no entry', '10.0.0.2', '', '10.0.0.2'],
    ['the trusted proxy that sent garbage', '10.0.0.2', '198.51.100.1, unknown', '10.0.0.2'],
    [
      'the nearest trusted proxy before garbage',
      '10.0.0.2',
      '198.51.100.1, unknown, 10.0.0.3',
      '10.0.0.3',
    ],
    ['the trusted proxy that sent an empty entry', '10.0.0.2', '198.51.100.1,', '10.0.0.2'],
    ['empty without a connection', '', '198.51.100.1', ''],
  ])('is %s', (_what, peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, isTrusted)).toBe(expected);
  });
});
