/**
 * What a schema registry (Confluent's interface) is to the formats: writer schemas by number.
 *
 * Schemas never change under their number, so they are kept for good. They are loaded before
 * records are decoded; decoding itself waits for nothing.
 */

/** Schemas kept elsewhere, by number; plain data. */
export type KeptSchemas = readonly (readonly [number, RegisteredSchema])[];

/** Where a registry is; plain data. */
export interface RegistryConfig {
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
}

/** A schema as it was registered. */
export interface RegisteredSchema {
  readonly kind: 'AVRO' | 'PROTOBUF' | 'JSON';
  readonly text: string;
  /** Texts of the schemas it imports. */
  readonly imports: readonly string[];
}

/** A registry. Errors are SqlErrors of class 08 while it cannot be reached. */
export interface SchemaRegistry {
  /** A schema, or null when there is none of this number. */
  schema(id: number): Promise<RegisteredSchema | null>;
  /** The newest schema of a subject, or null when there is none. */
  latest(subject: string): Promise<RegisteredSchema | null>;
  /** Fails when the registry cannot be reached or refuses us. */
  meet(): Promise<void>;
}

/** Opens registries. */
export type Registries = (config: RegistryConfig) => SchemaRegistry;

/** Bytes in front of a value: a zero and the number of its schema. */
export const FRAME_BYTES = 5;

/** The schema's number in front of a value; null when there is none. */
export function schemaIdOf(value: Uint8Array): number | null {
  if (value.length < FRAME_BYTES || value[0] !== 0) return null;
  return new DataView(value.buffer, value.byteOffset).getInt32(1);
}

/** Writer schemas by number, as far as they were loaded. */
export class WriterSchemas {
  readonly #registry: SchemaRegistry;
  readonly #known: Map<number, RegisteredSchema | null>;

  constructor(registry: SchemaRegistry) {
    this.#registry = registry;
    this.#known = new Map();
  }

  /** undefined: not loaded; null: the registry does not know it. */
  get(id: number): RegisteredSchema | null | undefined {
    return this.#known.get(id);
  }

  /** Loads the schema a value was written with, unless it is here. */
  async load(value: Uint8Array): Promise<void> {
    const id = schemaIdOf(value);
    if (id === null || this.#known.has(id)) return;
    this.#known.set(id, await this.#registry.schema(id));
  }

  /** True when the registry did not know the schema of a value: it may later. */
  isMissing(letters: readonly { readonly payload: Uint8Array }[]): boolean {
    return letters.some(({ payload }) => {
      const id = schemaIdOf(payload);
      return id !== null && this.#known.get(id) === null;
    });
  }

  /** Asks again for the schemas that were not there. */
  forgetUnknown(): void {
    for (const [id, schema] of this.#known) if (schema === null) this.#known.delete(id);
  }

  /** The schemas of some values, as far as they are here. */
  of(values: readonly Uint8Array[]): KeptSchemas {
    const ids = new Set(values.flatMap((value) => schemaIdOf(value) ?? []));
    return [...ids].flatMap((id) => {
      const schema = this.#known.get(id) ?? null;
      return schema === null ? [] : [[id, schema] as const];
    });
  }

  /** Takes schemas that were kept elsewhere. */
  take(schemas: KeptSchemas): void {
    for (const [id, schema] of schemas) this.#known.set(id, schema);
  }
}
