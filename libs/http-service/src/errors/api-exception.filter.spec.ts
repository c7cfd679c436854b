import type { ArgumentsHost } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it, vi } from 'vitest';
import { ApiExceptionFilter } from './api-exception.filter.js';
import type { RouteDirectory } from './route-directory.js';

describe('ApiExceptionFilter of a busy service', () => {
  it('logs one line for each method and route, not for each URL', () => {
    const filter = new ApiExceptionFilter({} as RouteDirectory, () => undefined);
    const warn = vi.fn<(fields: object, message: string) => void>();
    const refuse = (method: string, id: string): void => {
      const request = {
        method,
        raw: { destroyed: false, complete: true, url: `/users/${id}` },
        routeOptions: { url: '/users/:id' },
        log: { warn },
      };
      const reply = { sent: true, raw: { destroyed: false, writableEnded: true } };
      const http = { getRequest: () => request, getResponse: () => reply };
      const host = { switchToHttp: () => http } as unknown as ArgumentsHost;
      filter.catch(new ApiError('SERVICE_BUSY'), host);
    };
    for (const method of ['GET', 'DELETE']) for (const id of ['1', '2']) refuse(method, id);
    expect(warn.mock.calls.map(([fields]) => fields)).toMatchObject([
      { method: 'GET', route: '/users/:id', count: 1 },
      { method: 'DELETE', route: '/users/:id', count: 1 },
    ]);
  });
});
