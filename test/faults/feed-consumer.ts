import { createServer } from 'node:http';
import {
  HttpFeedTransport,
  HttpSessionStatusSource,
  SessionStatusService,
} from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { shareRedis } from '@poc-tracker/redis';
import { databaseFeed, DatabaseSessionStatusSource } from '@poc-tracker/revocation-feed';
import { Pool } from 'pg';

/**
 * A process that caches the status of sessions exactly as an instance of the service or of a sibling does, and answers
 * whether a session is accepted. Without tokens and routes: they are not what is broken here.
 */
const {
  PORT,
  DATABASE_URL,
  REDIS_URL,
  NAME = 'consumer',
  ISSUER_URL = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  RENEW_AFTER_MS,
} = process.env;
const pool = new Pool({ connectionString: DATABASE_URL, max: 5 });
pool.on('error', () => undefined);
let asked = 0;
let streams = 0;

function fromDatabase(databaseUrl: string): SessionStatusService {
  return new SessionStatusService({
    source: new DatabaseSessionStatusSource({
      lookup: async <Row>(sql: string, params: unknown[]): Promise<Row[]> => {
        asked += 1;
        const { rows } = await pool.query(sql, params);
        return rows as Row[];
      },
    }),
    transport: databaseFeed({
      databaseUrl,
      tls: false,
      applicationName: NAME,
      redis: shareRedis(REDIS_URL === '' ? undefined : REDIS_URL, NAME),
    }),
  });
}

function fromIssuer(): SessionStatusService {
  const client = { issuerUrl: ISSUER_URL, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
  const source = new HttpSessionStatusSource(client);
  return new SessionStatusService({
    source: {
      fetch: (claims) => {
        asked += 1;
        return source.fetch(claims);
      },
    },
    transport: new HttpFeedTransport(client, {
      renewAfterMs: Number(RENEW_AFTER_MS),
      request: (url, init) => {
        streams += 1;
        return fetch(url, init);
      },
    }),
  });
}

const sessionStatus = DATABASE_URL === undefined ? fromIssuer() : fromDatabase(DATABASE_URL);
sessionStatus.onModuleInit();

async function accept(claims: {
  tenant_id: string;
  sub: string;
  session_id: string;
}): Promise<object> {
  try {
    const { role, tenant } = await sessionStatus.currentRights(claims);
    return { accepted: true, role, plan: tenant.plan };
  } catch (error) {
    return { accepted: false, code: error instanceof ApiError ? error.code : String(error) };
  }
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/state') {
    response.end(JSON.stringify({ asked, streams, age: sessionStatus.age }));
    return;
  }
  const [tenant_id = '', sub = '', session_id = ''] = ['tenant', 'user', 'session'].map(
    (name) => searchParams.get(name) ?? '',
  );
  void accept({ tenant_id, sub, session_id }).then((answer) => {
    response.end(JSON.stringify(answer));
  });
});

// A process that continues must answer the requests in its sockets, not close them as idle.
server.keepAliveTimeout = server.headersTimeout = server.requestTimeout = 0;
server.listen(Number(PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
  void sessionStatus.onApplicationShutdown().then(() => pool.end());
});
