import { UserError } from '../shared/user-error';

/** A mistake in a connector's file. The message names the place. */
export class ConnectorFileError extends UserError {
  override readonly name: string = 'ConnectorFileError';
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string';

/** An object of a swagger document with its place. Follows references one level. */
export class SwaggerObject {
  private constructor(
    private readonly document: Json,
    private readonly place: readonly string[],
    private readonly value: Json,
  ) {}

  /** @throws ConnectorFileError if the document is not a Swagger 2.0 document. */
  static root(document: unknown): SwaggerObject {
    if (!isObject(document) || document.swagger !== '2.0') {
      throw new ConnectorFileError('the file is not a Swagger 2.0 document: it needs "swagger": "2.0"');
    }
    return new SwaggerObject(document, [], document);
  }

  /** The object as it is in the document. */
  get json(): Json {
    return this.value;
  }

  get keys(): readonly string[] {
    return Object.keys(this.value);
  }

  /** The value as it is in the document. */
  raw(key: string): unknown {
    return Object.hasOwn(this.value, key) ? this.value[key] : undefined;
  }

  /** A value of the document itself. */
  fromDocument(key: string): unknown {
    return this.document[key];
  }

  /** @throws ConnectorFileError if the value is not an object, or if its reference cannot be followed. */
  optional(key: string): SwaggerObject | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : this.child([key], value);
  }

  object(key: string): SwaggerObject {
    return this.optional(key) ?? this.fail(`"${key}" is missing`);
  }

  list(key: string): SwaggerObject[] {
    return (
      this.typed(key, 'a list', (value): value is unknown[] => Array.isArray(value))?.map((value, n) =>
        this.child([key, String(n)], value),
      ) ?? []
    );
  }

  text(key: string): string | undefined {
    return this.typed(key, 'a text', isText);
  }

  requiredText(key: string): string {
    return this.text(key) ?? this.fail(`"${key}" is missing`);
  }

  flag(key: string): boolean {
    return this.typed(key, 'true or false', (value): value is boolean => typeof value === 'boolean') ?? false;
  }

  texts(key: string): readonly string[] {
    return (
      this.typed(key, 'a list of texts', (value): value is string[] => Array.isArray(value) && value.every(isText)) ??
      []
    );
  }

  fail(what: string): never {
    throw new ConnectorFileError(`${this.place.join(' > ') || 'the file'}: ${what}`);
  }

  private child(keys: readonly string[], value: unknown): SwaggerObject {
    const place = [...this.place, ...keys];
    const shown = new SwaggerObject(this.document, place, isObject(value) ? value : {});
    if (!isObject(value)) return shown.fail('this is not an object');
    const reference = shown.text('$ref');
    return reference === undefined ? shown : shown.follow(reference);
  }

  private follow(reference: string): SwaggerObject {
    if (!reference.startsWith('#/')) this.fail(`the reference ${reference} is not within the file`);
    const keys = reference.slice(2).split('/').map(pointerKey);
    const value = keys.reduce<unknown>(
      (found, key) => (isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined),
      this.document,
    );
    if (!isObject(value)) return this.fail(`the reference ${reference} does not exist`);
    if (value.$ref !== undefined) this.fail(`the reference ${reference} leads to another reference`);
    return new SwaggerObject(this.document, this.place, value);
  }

  private typed<T>(key: string, type: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return is(value) ? value : this.fail(`"${key}" is not ${type}`);
  }
}

const pointerKey = (key: string): string => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
