import autocannon from 'autocannon';

/** The load of one round: the requests of each connection, each with a text that its answer must contain. */
export interface LoadOrder {
  url: string;
  seconds: number;
  connections: number;
  requests: {
    method: 'GET' | 'POST';
    path: string;
    headers: Record<string, string>;
    body?: string;
    expects: string;
  }[];
}

export interface LoadResult {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers that were not 200, were lost, or lacked the expected text. */
  wrong: number;
}

/** Checks every answer, so that a fast but wrong server does not look fast. */
async function runLoad(order: LoadOrder): Promise<LoadResult> {
  let wrong = 0;
  const result = await autocannon({
    url: order.url,
    connections: order.connections,
    duration: order.seconds,
    requests: order.requests.map(({ expects, ...request }) => ({
      ...request,
      onResponse: (status: number, body: string) => {
        if (status !== 200 || !body.includes(expects)) wrong += 1;
      },
    })),
  });
  return {
    requestsPerSecond: result.requests.total / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    wrong: wrong + result.errors + result.timeouts,
  };
}

// Its own process, so that the load does not run on the core of the measured server.
process.once('message', (order) => {
  void runLoad(order as LoadOrder).then((result) =>
    process.send?.(result, () => process.disconnect()),
  );
});
