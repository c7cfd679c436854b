import 'reflect-metadata';

const UPDATE = Symbol('update');

/** Marks the body of an update, whose fields are all optional. One without any field is refused. */
export function Update(): ClassDecorator {
  return (target) => {
    Reflect.defineMetadata(UPDATE, true, target);
  };
}

export function isUpdate(body: object): boolean {
  return Reflect.hasMetadata(UPDATE, body);
}
