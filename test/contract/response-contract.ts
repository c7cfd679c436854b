import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Operation } from '@poc-tracker/http-service';

/** Compares responses with the schemas that a document gives for their status. */
export class ResponseContract {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: OpenAPIObject) {
    formats.default(this.ajv);
    this.ajv.addSchema(document, 'document');
  }

  /** @returns what is wrong; empty for a documented response */
  faultsOf(name: string, operation: Operation, status: number, body: string): string[] {
    const response = operation.responses[String(status)];
    if (response === undefined) return [`${status} is not documented: ${body.slice(0, 200)}`];
    if (response.content === undefined) return body === '' ? [] : [`${status} documents no body`];
    const media = Object.entries(response.content).find(([type]) => type === 'application/json');
    if (media === undefined) return [];
    const [method = '', path = ''] = name.split(' ');
    const pointer = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content']
      .concat('application/json', 'schema')
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = this.ajv.getSchema(`document#/${pointer}`);
    if (validate === undefined) return [`${status} has no schema`];
    if (validate(JSON.parse(body)) === true) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message = '' }) => `${status} ${instancePath} ${message}`,
    );
  }
}
