/**
 * What a schema registry (Confluent's interface) is to the formats: writer schemas by number.
 */

/** Where a registry is; plain data. */
export interface RegistryConfig {
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
}

/** A registry. Errors are SqlErrors of class 08 while it cannot be reached. */
export interface SchemaRegistry {
  /** The text of a schema, or null when there is none of this number. */
  schema(id: number): Promise<string | null>;
  /** Fails when the registry cannot be reached or refuses us. */
  meet(): Promise<void>;
}

/** Opens registries. */
export type Registries = (config: RegistryConfig) => SchemaRegistry;
