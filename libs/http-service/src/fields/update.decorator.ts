import 'reflect-metadata';

const UPDATE = Symbol('update');

/** Marks the body of an update, or an object inside of one, whose fields are all optional. One without any field is refused. */
export function Update(): ClassDecorator {
  return (target) => {
    Reflect.defineMetadata(UPDATE, true, target);
  };
}

export function isUpdate(type: object): boolean {
  return Reflect.hasMetadata(UPDATE, type);
}
