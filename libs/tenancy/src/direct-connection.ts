import type { ClientBase } from 'pg';

/**
 * True if a connection leads to a server of its own, so that LISTEN works and its settings last. A pooler returns the server's
 * connection after each transaction, and both stay on it. It gives its clients process ids of its own making, for the
 * cancellation of statements.
 */
export async function isDirectConnection(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // The types of pg lack the process id that the server announced at the start of the connection.
  return rows[0]?.pid === (client as unknown as { processID: number | null }).processID;
}
