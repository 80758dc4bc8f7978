import { CodecMisuse, refusePromise } from './codec.ts';

/** The common shape of zod, valibot, arktype and others, so that none of them is a dependency. */
export interface StandardSchema<In, Out> {
  /** Its name keeps it out of completion: nobody calls it by hand. */
  readonly '~standard': {
    /** Of the standard. */
    readonly version: 1;
    /** Who made the schema, such as `zod`. */
    readonly vendor: string;
    /** Gives `{ value }`, or `{ issues }`; a promise of them is refused. */
    readonly validate: (value: unknown, ...rest: never[]) => unknown;
    /** For the compiler alone. */
    readonly types?:
      | {
          /** What may be written. */
          readonly input: In;
          /** What is read. */
          readonly output: Out;
        }
      | undefined;
  };
}

/**
 * What the schema makes of a value.
 * @throws {RangeError} naming the first issue
 * @throws {TypeError} the schema is asynchronous, or none
 */
export function validate<Out>(schema: StandardSchema<unknown, Out>, value: unknown): Out {
  const result = schema['~standard'].validate(value);
  refusePromise(result, 'the schema is asynchronous; a codec is not');
  if (typeof result !== 'object' || result === null) {
    throw new CodecMisuse('the schema does not follow Standard Schema');
  }
  if ('issues' in result && result.issues !== undefined) {
    throw new RangeError(describeIssues(result.issues));
  }
  if (!('value' in result)) throw new CodecMisuse('the schema does not follow Standard Schema');
  return result.value as Out;
}

/** Checks once, where the codec is made, that it is a schema at all. */
export function requireSchema(schema: unknown): void {
  const isHolder = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  if (!isHolder || !('~standard' in schema)) {
    throw new TypeError("the schema must follow Standard Schema (a property '~standard')");
  }
}

function describeIssues(issues: unknown): string {
  const [first]: unknown[] = Array.isArray(issues) ? issues : [];
  if (typeof first !== 'object' || first === null || !('message' in first)) return 'refused';
  const path: unknown[] = 'path' in first && Array.isArray(first.path) ? first.path : [];
  const place = path.map(segmentKey).join('.');
  return place === '' ? String(first.message) : `${place}: ${String(first.message)}`;
}

/** A segment is a key, or an object with one. */
function segmentKey(segment: unknown): string {
  const holds = typeof segment === 'object' && segment !== null && 'key' in segment;
  return String(holds ? segment.key : segment);
}
