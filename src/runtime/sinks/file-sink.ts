/**
 * Changes as files: JSON lines or CSV, one file for some epochs, whole or not there at all.
 *
 * A file's name carries its epochs; the newest name says up to where everything is written, so a
 * restart goes on behind it and no row is in two files.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatValue } from '../../common/types/registry.ts';
import type { Batch } from '../batch.ts';
import { cell } from '../batch.ts';
import {
  badOption, integerOption, missingOption, option, optionMap,
} from '../connectors/options.ts';
import type { FileWriter } from './file-writer.ts';
import { changesOf, RowWriter } from './rows-json.ts';
import type { OpenSink, SinkContext, SinkEpoch, SinkKind, SinkSpec } from './sink.ts';

const NAME = 'file';
const ROLL_MS = 1000n;
const MICROS_PER_MILLI = 1000n;
/** A group of so many rows is written at once. */
const FULL_ROWS = 10_000;
const ENCODER = new TextEncoder();

/** The sink `file`. */
export const FILE_SINK: SinkKind = {
  name: NAME,
  envelopes: ['plain', 'debezium'],
  superuser: true,
  options: [
    ['path', 'Folder the files go to.'],
    ['roll.interval.ms', 'A file for the changes of so much time; 1000.'],
    ['csv.header', 'true (default): the first record of a file names the columns.'],
  ],
  check(spec: SinkSpec): void {
    void configOf(spec);
    if (spec.encode !== 'json' && spec.encode !== 'csv') {
      throw badOption('format', spec.encode, 'json or csv');
    }
    if (spec.encode === 'csv' && spec.envelope !== 'plain') {
      throw sqlError('0A000', 'ENCODE CSV needs FORMAT PLAIN');
    }
  },
  async prepare({ spec, outside }: SinkContext): Promise<void> {
    const { folder } = configOf(spec);
    const names = await writerOf(outside).list(folder);
    if (lastOf(names, spec) === null) return;
    throw sqlError('42710', `folder "${folder}" has files of a sink "${spec.name}"`, {
      hint: 'Name another folder, or move the files away.',
    });
  },
  open: (context) => new FileSink(context),
};

function configOf(spec: SinkSpec): {
  readonly folder: string; readonly rollMs: number; readonly header: boolean;
} {
  const options = optionMap(spec.options);
  const folder = option(options, 'path');
  if (folder === null || folder === '') throw missingOption(NAME, 'path');
  const header = option(options, 'csv.header') ?? 'true';
  if (header !== 'true' && header !== 'false') throw badOption('csv.header', header, 'true, false');
  return {
    folder, header: header === 'true',
    rollMs: Number(integerOption(options, ['roll.interval.ms'], 0n) ?? ROLL_MS),
  };
}

function writerOf(outside: SinkContext['outside']): FileWriter {
  if (outside.fileWriter !== undefined) return outside.fileWriter;
  throw sqlError('0A000', `sink "${NAME}" needs files, and this engine has none`);
}

function fileName(spec: SinkSpec, first: bigint, last: bigint): string {
  const digits = (epoch: bigint): string => String(epoch).padStart(20, '0');
  const ending = spec.encode === 'csv' ? 'csv' : 'jsonl';
  return `${stem(spec)}-${digits(first)}-${digits(last)}.${ending}`;
}

function stem({ name }: SinkSpec): string {
  return encodeURIComponent(name).replaceAll('-', '%2D').replaceAll('.', '%2E');
}

/** The last epoch that is in a file of the sink, or null. */
function lastOf(names: readonly string[], spec: SinkSpec): bigint | null {
  let last: bigint | null = null;
  for (const name of names) {
    const [own, , end] = name.replace(/\.\w+$/, '').split('-');
    if (own !== stem(spec) || end === undefined || !/^\d{20}$/.test(end)) continue;
    const epoch = BigInt(end);
    if (last === null || epoch > last) last = epoch;
  }
  return last;
}

class FileSink implements OpenSink {
  readonly #context: SinkContext;
  readonly #spec: SinkSpec;
  readonly #config: ReturnType<typeof configOf>;
  readonly #files: FileWriter;
  readonly #writer: RowWriter;
  #writtenAtMs: number | null = null;

  constructor(context: SinkContext) {
    this.#context = context;
    this.#spec = context.spec;
    this.#config = configOf(context.spec);
    this.#files = writerOf(context.outside);
    this.#writer = new RowWriter(context.spec.columns);
  }

  async lastEpoch(): Promise<bigint | null> {
    return lastOf(await this.#files.list(this.#config.folder), this.#spec);
  }

  async deliver(epochs: readonly SinkEpoch[]): Promise<void> {
    const rows = epochs.reduce((sum, { delta }) => sum + delta.length, 0);
    const { clock } = this.#context;
    if (rows < FULL_ROWS && this.#writtenAtMs !== null) {
      const wait = this.#writtenAtMs + this.#config.rollMs - clock.elapsedMs();
      if (wait > 0 && !this.#context.stopped()) {
        await new Promise<void>((resolve) => {
          clock.timer(clock.nowMicros() + BigInt(Math.ceil(wait)) * MICROS_PER_MILLI, resolve);
        });
      }
    }
    const lines = epochs.flatMap((epoch) => this.#lines(epoch));
    this.#writtenAtMs = clock.elapsedMs();
    if (lines.length === 0) return;
    if (this.#spec.encode === 'csv' && this.#config.header) {
      lines.unshift(this.#spec.columns.map(({ name }) => csvField(name)).join(','));
    }
    const [first, last] = [must(epochs[0], 'epoch').epoch, must(epochs.at(-1), 'epoch').epoch];
    await this.#files.write(this.#config.folder, fileName(this.#spec, first, last),
      ENCODER.encode(`${lines.join('\n')}\n`));
  }

  #lines({ delta, at }: SinkEpoch): string[] {
    const lines: string[] = [];
    for (const { before, after } of changesOf(delta, this.#spec.key, this.#writer)) {
      if (this.#spec.envelope === 'plain') {
        if (after >= 0) lines.push(this.#line(delta, after));
        continue;
      }
      const op = before < 0 ? 'c' : after < 0 ? 'd' : 'u';
      lines.push(`{"before":${before < 0 ? 'null' : this.#line(delta, before)},`
        + `"after":${after < 0 ? 'null' : this.#line(delta, after)},"op":"${op}",`
        + `"ts_ms":${at / MICROS_PER_MILLI}}`);
    }
    return lines;
  }

  #line(delta: Batch, row: number): string {
    if (this.#spec.encode === 'json') return this.#writer.object(delta, row);
    return this.#spec.columns.map(({ type }, at) => {
      const text = formatValue(cell(must(delta.columns[at], 'column'), row), type);
      return text === null ? '' : csvField(text);
    }).join(',');
  }

  close(): void {
    // Files are whole when they are written.
  }
}

/** A field of CSV; the empty text is quoted, so that it is not NULL. */
function csvField(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
