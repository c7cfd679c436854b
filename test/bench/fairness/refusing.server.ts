import fastify from 'fastify';

/** Fastify alone: it refuses every request at once, without reading its headers, a look-up or a log line. */
const server = fastify();
server.get('/reference', () => ({ success: true }));
server.setNotFoundHandler(async (_request, reply) => {
  await reply.code(503).send({ code: 'SERVICE_BUSY' });
});
await server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
process.once('SIGTERM', () => void server.close());
