import { randomUUID } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import { type Operation, operationsOf } from '@poc-tracker/http-service';
import { bodyCases, formCases, type InputCase, queryCases } from './input-cases.js';
import { ResponseContract } from './response-contract.js';

/** The inputs of a request: a JSON body, the fields of a form or the bytes of a file, and the texts of the query. */
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

/** What one valid call needs. It may use it up: an invitation, a token, the user that it deletes. */
export interface ContractCaller {
  /** The inputs of a call that succeeds. */
  base: ContractCall;
  /**
   * For a call that only a browser can make: the status, the code and the fields of the refusal of `base`, which is well-formed.
   * A value inside of what the document permits is refused in the same way, and one outside is named.
   */
  refusal?: string;
  send: (call: ContractCall) => Promise<ContractAnswer>;
}

/** Routes that accept exactly one proof of a second factor, and the proofs that their valid calls do not have. */
const ONE_PROOF_ROUTES = ['POST /api/v1/auth/step-up', 'POST /api/v1/auth/login/factor'];
const ONE_PROOF_FIELDS = ['recoveryCode', 'passkey'];

/** Fields, of all operations or of one, that depend on more than what a document can say. */
const DEPENDS = new Set([
  // The nextCursor of an earlier page.
  'cursor',
  // Repeats the subdomain of the tenant.
  'confirmSubdomain',
  // Limited by the setting SIGNUP_PLANS.
  'planType',
  // Must be those of the caller's account.
  'currentPassword',
  // A secret that the service has issued. Others are refused as expired or unknown.
  'refreshToken',
  'secret',
  'inviteToken',
  'POST /api/v1/auth/invitations/inspect token',
  'POST /api/v1/auth/register/confirm token',
  'POST /api/v1/auth/magic-link/login token',
  'POST /api/v1/auth/password/reset token',
  'POST /api/v1/auth/email/verify token',
  'POST /api/v1/auth/email/confirm token',
  'POST /api/v1/auth/email/undo token',
  'challengeToken',
  // Must be that of the user.
  'POST /api/v1/auth/login password',
  'POST /api/v1/auth/step-up password',
  // Must be that of the registration.
  'POST /api/v1/auth/register/confirm password',
  // Must be an address of the tenant.
  'rpId',
  // Must be the only proof of the request, which has another one already.
  ...ONE_PROOF_ROUTES.flatMap((name) => ONE_PROOF_FIELDS.map((field) => `${name} ${field}`)),
  // The names of zones, which the document describes by their letters and longest length.
  'timezone',
  // Must not be shorter than security.sessionTimeout.
  'security.sessionLifetime',
]);

/** Wrong client credentials are refused alike with 401: the answer must not tell which part is wrong. */
const CREDENTIALS = new Set(['client_id', 'client_secret']);

const FORM = 'application/x-www-form-urlencoded';
const WRONG_ID = 'not-a-uuid';

/** Runs the cases that an OpenAPI document promises against a service. */
export class ContractRun {
  readonly operations: Map<string, Operation>;
  private readonly responses: ResponseContract;

  constructor(private readonly document: OpenAPIObject) {
    this.operations = new Map(
      operationsOf(document).map(({ name, operation }) => [name, operation]),
    );
    this.responses = new ResponseContract(document);
  }

  /**
   * Sends a valid call and then every case of an operation. The other inputs of a case are those of the valid call.
   * @returns a line for each answer that the document does not promise.
   */
  async faultsOf(name: string, newCaller: () => Promise<ContractCaller>): Promise<string[]> {
    const operation = this.operations.get(name);
    if (operation === undefined) return [`${name} is not documented`];
    const first = await newCaller();
    const valid = await first.send(first.base);
    const faults = this.responses.faultsOf(name, operation, valid.status, valid.text);
    if (!isExpected(valid, first.refusal))
      faults.push(`refuses the valid call: ${show(valid.text)}`);
    if (faults.length > 0) return faults.map((fault) => `the valid call: ${fault}`);
    // Calls that are refused or only read use nothing up.
    const shared = await newCaller();
    const isRead = name.startsWith('GET ');
    for (const [index, one] of this.casesOf(name, operation, shared.base).entries()) {
      const caller = one.inside && !isRead ? await newCaller() : shared;
      const { call } = this.casesOf(name, operation, caller.base)[index] ?? one;
      const answer = await caller.send(call);
      const problems = [
        ...this.responses.faultsOf(name, operation, answer.status, answer.text),
        ...problemsOf(
          one,
          answer,
          dependsOnMore(name, one.field) || isExpected(answer, caller.refusal),
        ),
      ];
      faults.push(...problems.map((problem) => `${one.title} (${show(one.input)}): ${problem}`));
    }
    return faults;
  }

  private casesOf(
    name: string,
    operation: Operation,
    base: ContractCall,
  ): (InputCase & { call: ContractCall })[] {
    const path = name.split(' ')[1] ?? '';
    const { document } = this;
    const ids = (operation.parameters ?? []).filter(({ in: place }) => place === 'path');
    const content = operation.requestBody?.content ?? {};
    const fields = (base.body ?? {}) as Record<string, unknown>;
    const json = content['application/json']?.schema;
    const form = content[FORM]?.schema;
    return [
      ...queryCases(document, operation, base.query ?? {}).map((one) => ({
        ...one,
        call: { ...base, query: one.input as Record<string, string> },
      })),
      ...ids.map(({ name: field }) => ({
        title: `a wrong ${field}`,
        field,
        inside: false,
        input: WRONG_ID,
        call: {
          ...base,
          path: path.replace(`{${field}}`, WRONG_ID).replace(/\{[^}]+\}/g, () => randomUUID()),
        },
      })),
      ...[
        ...(json === undefined ? [] : bodyCases(document, json, fields)),
        ...(form === undefined ? [] : formCases(document, form, fields)),
      ].map((one) => ({ ...one, call: { ...base, body: one.input } })),
    ];
  }
}

/** A nested field depends on what the object around it depends on. */
function dependsOnMore(name: string, field: string): boolean {
  const [outermost = ''] = field.split('.');
  return [field, `${name} ${field}`, `${name} ${outermost}`].some((known) => DEPENDS.has(known));
}

/** Whether the answer to a well-formed call is a success or, if the call must be refused, the given refusal. */
function isExpected({ status, text }: ContractAnswer, refusal: string | undefined): boolean {
  if (refusal === undefined) return isSuccess(status);
  if (isSuccess(status)) return false;
  const { code = '' } = JSON.parse(text) as Refusal;
  return [status, code, ...refusedFields(status, text)].join(' ') === refusal;
}

function problemsOf(
  { field, inside }: InputCase,
  { status, text }: ContractAnswer,
  mayBeRefused: boolean,
): string[] {
  if (status >= 500) return [`fails with ${status} ${text.slice(0, 200)}`];
  const refused = refusedFields(status, text);
  if (inside) {
    const isAccepted = isSuccess(status) || mayBeRefused || isWeak(status, text);
    return isAccepted ? [] : [`refuses what is inside: ${status} ${text.slice(0, 300)}`];
  }
  const isNamed = refused.some((named) => isSameField(named, field));
  return isNamed || (CREDENTIALS.has(field) && status === 401)
    ? []
    : [`answers ${status} ${text.slice(0, 200)} instead of naming ${field}`];
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

interface Refusal {
  code?: string;
  details?: { field: string; reason?: string }[];
  /** On OAuth routes, which have no details: it names the fields. */
  error_description?: string;
}

/** The fields that a refusal names. */
function refusedFields(status: number, text: string): string[] {
  if (status !== 400) return [];
  const { code, details, error_description } = JSON.parse(text) as Refusal;
  if (error_description !== undefined)
    return [...error_description.matchAll(/([\w.]+): /g)].map(([, field = '']) => field);
  return code === 'VALIDATION_ERROR' ? (details ?? []).map(({ field }) => field) : [];
}

/** A password may be refused for its strength, which no schema can express. */
function isWeak(status: number, text: string): boolean {
  if (status !== 400) return false;
  const { details = [] } = JSON.parse(text) as Refusal;
  return details.length > 0 && details.every(({ reason }) => reason === 'weak');
}

/** An error may name an item of a list: `labels.0` for `labels`. */
function isSameField(named: string, field: string): boolean {
  return named === field || named.startsWith(`${field}.`);
}

function show(input: unknown): string {
  return (JSON.stringify(input) ?? 'nothing').slice(0, 160);
}
