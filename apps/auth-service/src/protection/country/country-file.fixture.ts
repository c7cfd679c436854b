/** A value of the data section. Of the format, only what records and metadata of databases have. */
type Value = string | number | bigint | { readonly [name: string]: Value };

interface Node {
  children: [Node | Record<string, Value> | undefined, Node | Record<string, Value> | undefined];
}

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const SEPARATOR = Buffer.alloc(16);

/**
 * The bytes of a database in the MMDB format 2.0 with records of 24 bits.
 * @param records by prefix: an IPv4 network such as `200/8`, or hexadecimal digits of an IPv6 address such as `2804`
 */
export function countryFile(
  records: Readonly<Record<string, Record<string, Value>>>,
  { ipVersion = 6, builtAt = new Date() }: { ipVersion?: 4 | 6; builtAt?: Date } = {},
): Buffer {
  const root: Node = { children: [undefined, undefined] };
  for (const [prefix, record] of Object.entries(records)) {
    const bits = bitsOf(prefix, ipVersion);
    let node = root;
    for (const bit of bits.slice(0, -1)) {
      const next = node.children[bit] ?? { children: [undefined, undefined] };
      node.children[bit] = next;
      node = next as Node;
    }
    node.children[bits.at(-1) ?? 0] = record;
  }
  return encode(root, ipVersion, builtAt);
}

function bitsOf(prefix: string, ipVersion: 4 | 6): (0 | 1)[] {
  const [network = '', length] = prefix.split('/');
  const binary =
    length === undefined
      ? [...network].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'))
      : ['0'.repeat(ipVersion === 6 ? 96 : 0), Number(network).toString(2).padStart(8, '0')];
  return [...binary.join('')].map((bit) => (bit === '1' ? 1 : 0));
}

function encode(root: Node, ipVersion: 4 | 6, builtAt: Date): Buffer {
  const nodes: Node[] = [root];
  for (const node of nodes) for (const child of node.children) if (isNode(child)) nodes.push(child);
  const data: Buffer[] = [];
  let size = SEPARATOR.length;
  const tree = Buffer.alloc(6 * nodes.length);
  nodes.forEach((node, index) => {
    node.children.forEach((child, side) => {
      let target = nodes.length;
      if (isNode(child)) target = nodes.indexOf(child);
      else if (child !== undefined) {
        target = nodes.length + size;
        const value = encodeValue(child);
        data.push(value);
        size += value.length;
      }
      tree.writeUIntBE(target, 6 * index + 3 * side, 3);
    });
  });
  const metadata = encodeValue({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: BigInt(Math.floor(builtAt.getTime() / 1000)),
    database_type: 'test',
    ip_version: ipVersion,
    node_count: nodes.length,
    record_size: 24,
  });
  return Buffer.concat([tree, SEPARATOR, ...data, MARKER, metadata]);
}

function isNode(child: Node['children'][0]): child is Node {
  return child !== undefined && Array.isArray(child['children']);
}

/** Types of the format: 2 text, 6 uint32, 7 map, 9 uint64 (extended). */
function encodeValue(value: Value): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([control(2, text.length), text]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (typeof value === 'bigint') {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    return Buffer.concat([Buffer.from([8, 2]), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([name, entry]) => [encodeValue(name), encodeValue(entry)]),
  ]);
}

function control(type: number, size: number): Buffer {
  return Buffer.from([(type << 5) | size]);
}
