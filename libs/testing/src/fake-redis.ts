import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Encodes a bulk string of RESP, the protocol of Redis. */
function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

const ANSWERS: Readonly<Record<string, string>> = {
  hello: '%1\r\n+server\r\n+redis\r\n',
  ping: '+PONG\r\n',
  info: bulk('# Memory\r\nused_memory:1234567\r\nloading:0\r\n'),
};

/** What Redis 3.2 says to the commands that this product sends. Its scripts may not write after they have read the clock. */
export const REDIS_3_2: Readonly<Record<string, string>> = {
  hello: "-ERR unknown command 'HELLO'\r\n",
  client: '-ERR Syntax error, try CLIENT (LIST | KILL | GETNAME | SETNAME | PAUSE | REPLY)\r\n',
  unlink: "-ERR unknown command 'UNLINK'\r\n",
  info: bulk('# Server\r\nredis_version:3.2.12\r\nrun_id:0123456789abcdef\r\nused_memory:1\r\n'),
  evalsha: '-NOSCRIPT No matching script. Please use EVAL.\r\n',
  eval: '-ERR Error running script: Write commands not allowed after non deterministic commands\r\n',
  get: '$-1\r\n',
};

/** Answers by the name of a command, or not at all while it is silent. For what no real server can be told to do. */
export class FakeRedis {
  private readonly sockets = new Set<Socket>();
  /** The names of the commands that it has received. */
  readonly commands: string[] = [];
  silent = false;

  private constructor(
    private readonly server: Server,
    private readonly answers: Readonly<Record<string, string>>,
  ) {}

  /** @param answers in RESP, by the name of the command; others are answered with OK */
  static async start({
    port = 0,
    answers = {},
  }: { port?: number; answers?: Readonly<Record<string, string>> } = {}): Promise<FakeRedis> {
    const server = createServer();
    const fake = new FakeRedis(server, { ...ANSWERS, ...answers });
    server.on('connection', (socket) => {
      fake.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (data) => fake.answer(socket, data.toString()));
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://:hunter2@127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(socket: Socket, data: string): void {
    if (this.silent) return;
    for (const [, name = ''] of data.matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/gi)) {
      const command = name.toLowerCase();
      this.commands.push(command);
      socket.write(this.answers[command] ?? '+OK\r\n');
    }
  }
}
