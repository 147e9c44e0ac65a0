/**
 * A real Apache Kafka 4.x on loopback, in a process of its own, for the opt-in suite.
 *
 * Needs Java 17 and the broker's jars (`KAFKA_JARS`, or fetched by Maven into a cache folder).
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const CACHE = join(HERE, '../../../node_modules/.cache/kafka-jars');
const START_MS = 90_000;

/** Why there can be no real broker, or null. */
export function missingForKafka(): string | null {
  const wanted = process.env['TIDEMILL_REAL_KAFKA'];
  if (wanted === undefined || wanted === '') return 'TIDEMILL_REAL_KAFKA is not set';
  if (spawnSync('java', ['-version']).error !== undefined) return 'there is no java';
  return null;
}

/** The folder with the jars; fetched once. */
function jars(): string {
  const given = process.env['KAFKA_JARS'];
  if (given !== undefined && given !== '') return given;
  if (existsSync(CACHE) && readdirSync(CACHE).length > 0) return CACHE;
  mkdirSync(CACHE, { recursive: true });
  execFileSync('mvn', ['-q', '-B', '-f', join(HERE, 'pom.xml'), 'dependency:copy-dependencies',
    '-DincludeScope=runtime', `-DoutputDirectory=${CACHE}`], { stdio: 'inherit' });
  return CACHE;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

/** A second listener: TLS with this certificate, and these users by PLAIN and SCRAM. */
export interface SecureListener {
  readonly cert: string;
  readonly key: string;
  readonly user: string;
  readonly password: string;
}

function secureProperties({ cert, key, user, password }: SecureListener): string[] {
  const inOneLine = (pem: string): string => pem.trim().replaceAll('\n', String.raw`\n`);
  const login = 'listener.name.sasl_ssl.';
  const module = (name: string): string => `org.apache.kafka.common.security.${name} required`;
  return [
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL',
    'ssl.keystore.type=PEM', `ssl.keystore.certificate.chain=${inOneLine(cert)}`,
    `ssl.keystore.key=${inOneLine(key)}`,
    `${login}sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512`,
    `${login}plain.sasl.jaas.config=${module('plain.PlainLoginModule')} user_${user}="${password}";`,
    ...['256', '512'].map((size) => `${login}scram-sha-${size}.sasl.jaas.config=`
      + `${module('scram.ScramLoginModule')};`),
  ];
}

interface Ports {
  readonly port: number;
  readonly controller: number;
  readonly secure: number;
}

function properties(
  { port, controller, secure }: Ports, logs: string, listener: SecureListener | null,
): string {
  const also = listener === null ? '' : `,SASL_SSL://127.0.0.1:${secure}`;
  return [
    'process.roles=broker,controller', 'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${also}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}${also}`,
    'controller.listener.names=CONTROLLER', 'inter.broker.listener.name=PLAINTEXT',
    'offsets.topic.replication.factor=1', 'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1', 'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=1', 'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1', 'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false', `log.dirs=${logs}`, ...listener === null ? [] : secureProperties(listener), '',
  ].join('\n');
}

/** The broker. */
export class RealKafka {
  readonly port: number;
  readonly securePort: number;
  readonly #home: string;
  readonly #classpath: string;
  #process: ChildProcess | null = null;

  private constructor(home: string, ports: Ports, classpath: string) {
    this.#home = home;
    this.port = ports.port;
    this.securePort = ports.secure;
    this.#classpath = classpath;
  }

  get address(): string { return `127.0.0.1:${this.port}`; }

  /** Formats a log folder and starts a broker on it. */
  static async start(secure: SecureListener | null = null): Promise<RealKafka> {
    const home = mkdtempSync(join(tmpdir(), 'tidemill-kafka-'));
    const classpath = `${jars()}/*`;
    const ports = { port: await freePort(), controller: await freePort(), secure: await freePort() };
    const config = join(home, 'server.properties');
    writeFileSync(config, properties(ports, join(home, 'logs'), secure));
    const tool = (...args: string[]): string => execFileSync('java',
      ['-cp', classpath, 'kafka.tools.StorageTool', ...args], {
        encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
      });
    const id = tool('random-uuid').trim().split('\n').at(-1) ?? '';
    tool('format', '-t', id, '-c', config, ...secure === null ? []
      : ['256', '512'].flatMap((size) => ['--add-scram',
        `SCRAM-SHA-${size}=[name=${secure.user},password=${secure.password}]`]));
    const broker = new RealKafka(home, ports, classpath);
    await broker.run();
    return broker;
  }

  /** Starts the process and waits until it listens. */
  async run(): Promise<void> {
    this.#process = spawn('java', ['-Xms256m', '-Xmx512m', '-cp', this.#classpath, 'kafka.Kafka',
      join(this.#home, 'server.properties')], { stdio: 'ignore' });
    for (const until = Date.now() + START_MS; ;) {
      if (await listens(this.port)) return;
      if (Date.now() > until || this.#process.exitCode !== null) {
        throw new Error('Kafka did not start');
      }
      await new Promise((resolve) => { setTimeout(resolve, 200); });
    }
  }

  /** SIGKILL; `run` starts it again on the same logs. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    const gone = new Promise((resolve) => { child.once('exit', resolve); });
    child.kill('SIGKILL');
    await gone;
    this.#process = null;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}
