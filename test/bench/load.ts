import autocannon from 'autocannon';

/** The load of one round: requests that every connection sends in turn, each with a text that its answer must hold. */
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
  /** Answers that were no 200, were lost, or did not hold what they must. */
  wrong: number;
}

/** Every answer is checked in every round: a server that answers fast but wrong must not look fast. */
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

// A process of its own, so that the load can be kept off the core of the server that it measures.
process.once('message', (order) => {
  void runLoad(order as LoadOrder).then((result) =>
    process.send?.(result, () => process.disconnect()),
  );
});
