/**
 * A double of a Confluent schema registry over HTTP: schemas by number, subjects, references.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A schema as it is registered. */
export interface TestSchema {
  readonly schema: string;
  readonly schemaType?: 'AVRO' | 'PROTOBUF' | 'JSON';
  readonly references?: readonly { readonly name: string; readonly subject: string;
    readonly version: number }[];
}

/** The registry. */
export class TestRegistry {
  readonly schemas: Map<number, TestSchema> = new Map();
  /** Versions of a subject, as numbers of schemas. */
  readonly subjects: Map<string, number[]> = new Map();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<TestRegistry> {
    const server = createServer((request, response) => {
      const body = registry.#answer(request.url ?? '');
      response.writeHead(body === null ? 404 : 200)
        .end(body === null ? '{"error_code":40403}' : JSON.stringify(body));
    });
    const registry = new TestRegistry(server);
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return registry;
  }

  #answer(url: string): unknown {
    if (url === '/subjects') return [...this.subjects.keys()];
    const id = /^\/schemas\/ids\/(\d+)$/.exec(url)?.[1];
    if (id !== undefined) return this.schemas.get(Number(id)) ?? null;
    const [, subject = '', version = ''] = /^\/subjects\/([^/]+)\/versions\/(\w+)$/.exec(url) ?? [];
    const versions = this.subjects.get(decodeURIComponent(subject)) ?? [];
    const found = versions.at(version === 'latest' ? -1 : Number(version) - 1);
    return found === undefined ? null : this.schemas.get(found) ?? null;
  }

  /** Registers a schema under a number, as the newest of a subject. */
  register(id: number, subject: string, schema: TestSchema): void {
    this.schemas.set(id, schema);
    this.subjects.set(subject, [...this.subjects.get(subject) ?? [], id]);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }
}
