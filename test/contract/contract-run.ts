import { randomUUID } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type Operation, operationsOf } from '@poc-tracker/http-service';
import { bodyCases, type InputCase, queryCases } from './input-cases.js';
import { ResponseContract } from './response-contract.js';

/** A request of a case: a JSON body, or texts of the query. */
export interface ContractCall {
  /** A path with wrong ids instead of the base path. */
  path?: string;
  body?: unknown;
  query?: Record<string, string>;
}

export interface ContractAnswer {
  status: number;
  text: string;
}

type Send = (call: ContractCall) => Promise<ContractAnswer>;

/** Operations that take JSON or no body. */
const isPlain = (operation: Operation): boolean =>
  operation.requestBody === undefined ||
  operation.requestBody.content['application/json'] !== undefined;

/** Inputs that the document permits and that depend on more than the input itself. */
const DEPENDS: readonly [field: string, why: string][] = [
  ['cursor', 'is the nextCursor of an earlier page'],
  ['confirmSubdomain', 'repeats the subdomain of the tenant'],
  ['planType', 'is limited by the setting SIGNUP_PLANS'],
];

const WRONG_ID = 'not-a-uuid';

/** Runs the cases that an OpenAPI document promises against a service. */
export class ContractRun {
  readonly operations: Map<string, Operation>;
  private readonly responses: ResponseContract;

  constructor(private readonly document: OpenAPIObject) {
    const operations = operationsOf(document).filter(({ operation }) => isPlain(operation));
    this.operations = new Map(operations.map(({ name, operation }) => [name, operation]));
    this.responses = new ResponseContract(document);
  }

  /**
   * Sends every case of an operation; the other fields of a case are those of the base.
   * @returns a line for each answer that the document does not promise.
   */
  async faultsOf(name: string, base: unknown, send: Send): Promise<string[]> {
    const operation = this.operations.get(name);
    if (operation === undefined) return [`${name} is not documented`];
    const faults: string[] = [];
    for (const { title, field, inside, input, call } of this.casesOf(
      name.split(' ')[1] ?? '',
      operation,
      base,
    )) {
      const { status, text } = await send(call);
      const problems = this.responses.faultsOf(name, operation, status, text);
      const refused = refusedFields(status, text);
      if (status >= 500) problems.push(`fails with ${status} ${text.slice(0, 200)}`);
      if (
        inside &&
        !DEPENDS.some(([one]) => one === field) &&
        refused.some((named) => isSameField(named, field))
      ) {
        problems.push(`refuses what is inside: ${text.slice(0, 300)}`);
      }
      if (!inside && !refused.some((named) => isSameField(named, field))) {
        problems.push(`answers ${status} ${text.slice(0, 200)} instead of naming ${field}`);
      }
      faults.push(...problems.map((problem) => `${title} (${show(input)}): ${problem}`));
    }
    return faults;
  }

  private casesOf(
    path: string,
    operation: Operation,
    base: unknown,
  ): (InputCase & { call: ContractCall })[] {
    const cases: (InputCase & { call: ContractCall })[] = queryCases(this.document, operation).map(
      (one) => ({
        ...one,
        call: { body: base, query: one.input as Record<string, string> },
      }),
    );
    const [parameter] = (operation.parameters ?? []).filter(({ in: place }) => place === 'path');
    if (parameter !== undefined) {
      cases.push({
        title: 'a wrong id',
        field: parameter.name,
        inside: false,
        input: WRONG_ID,
        call: {
          body: base,
          path: path
            .replace(`{${parameter.name}}`, WRONG_ID)
            .replace(/\{[^}]+\}/g, () => randomUUID()),
        },
      });
    }
    const schema = operation.requestBody?.content['application/json']?.schema;
    if (schema === undefined) return cases;
    const body = bodyCases(this.document, schema, (base ?? {}) as InputBase);
    return [...cases, ...body.map((one) => ({ ...one, call: { body: one.input } }))];
  }
}

type InputBase = Record<string, unknown>;

/** The fields that a VALIDATION_ERROR names. A weak password is refused for its strength, which no schema can express. */
function refusedFields(status: number, text: string): string[] {
  if (status !== 400) return [];
  const { code, details } = JSON.parse(text) as { code?: string; details?: unknown };
  if (code !== 'VALIDATION_ERROR' || !Array.isArray(details)) return [];
  return (details as { field: string; reason?: string }[])
    .filter(({ reason }) => reason !== 'weak')
    .map(({ field }) => field);
}

/** An error may name an item of a list: `labels.0` for `labels`. */
function isSameField(named: string, field: string): boolean {
  return named === field || named.startsWith(`${field}.`);
}

function show(input: unknown): string {
  return (JSON.stringify(input) ?? 'nothing').slice(0, 160);
}
