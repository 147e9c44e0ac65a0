/**
 * Messages between the threads come out as they went in, through a real structured clone.
 */
import { describe, expect, it } from 'vitest';
import { batchOf } from '../../src/runtime/batch.ts';
import type { FromWorker, ToWorker } from '../../src/server/real/engine-protocol.ts';
import {
  isSmall, packFromWorker, packToWorker, unpackFromWorker, unpackToWorker,
} from '../../src/server/real/engine-wire.ts';

const FEW = batchOf(
  [{ name: 'int4' }, { name: 'int8' }, { name: 'text' }, { name: 'boolean' }, { name: 'float8' }],
  [[1, 2n ** 62n, 'ä', true, 0.5], [null, -1n, null, false, -0], [3, null, '', null, Infinity]],
);
const MANY = batchOf([{ name: 'int4' }], Array.from({ length: 65 }, (_row, at) => [at]));

function fromWorker(messages: readonly FromWorker[]): FromWorker[] {
  const found: FromWorker[] = [];
  unpackFromWorker(structuredClone(packFromWorker(messages)), (each) => { found.push(each); });
  return found;
}

function toWorker(messages: readonly ToWorker[]): ToWorker[] {
  const found: ToWorker[] = [];
  unpackToWorker(structuredClone(packToWorker(messages)), (each) => { found.push(each); });
  return found;
}

describe('messages of the worker', () => {
  it('of an answer', () => {
    const messages: FromWorker[] = [
      { kind: 'event', id: 7, event: { kind: 'columns', columns: [
        { name: 'a', type: { name: 'int4' }, relation: 5, attribute: 1 },
        { name: 'n', type: { name: 'numeric', mods: [10, 2] }, relation: 0, attribute: 0 },
        { name: 'l', type: { name: 'array', element: { name: 'text' } }, relation: 0, attribute: 0 },
      ] } },
      { kind: 'event', id: 7, event: { kind: 'rows', batch: FEW, texts: null } },
      { kind: 'event', id: 7, event: { kind: 'rows', batch: FEW,
        texts: [null, null, ['x', null, 'z'], null, null] } },
      { kind: 'event', id: 7, event: { kind: 'complete', tag: 'SELECT 3' } },
      { kind: 'done', id: 7, status: 'I' },
    ];
    expect(fromWorker(messages)).toEqual(messages);
  });

  it('with many rows, errors, notices and answers, as they are', () => {
    const messages: FromWorker[] = [
      { kind: 'event', id: 1, event: { kind: 'rows', batch: MANY, texts: undefined } },
      { kind: 'event', id: 1, event: { kind: 'error',
        error: { sqlState: '22012', message: 'division by zero', fields: {} } } },
      { kind: 'event', id: 1, event: { kind: 'flush' } },
      { kind: 'answer', id: 2, value: ['I'] }, { kind: 'done', id: 1, status: 'E' },
    ];
    expect(fromWorker(messages)).toEqual(messages);
    expect([isSmall(FEW), isSmall(MANY)]).toEqual([true, false]);
  });

  it('with weights other than one, and no rows or columns', () => {
    const batch = batchOf([{ name: 'int4' }], [[1], [2]], [3, -1]);
    const none = batchOf([], [[], []]);
    const messages: FromWorker[] = [
      { kind: 'event', id: 1, event: { kind: 'rows', batch, texts: undefined } },
      { kind: 'event', id: 1, event: { kind: 'rows', batch: none, texts: undefined } },
    ];
    expect(fromWorker(messages)).toEqual(messages);
  });
});

describe('messages of the main thread', () => {
  it('start streams and ask', () => {
    const messages: ToWorker[] = [
      { kind: 'stream', id: 1, session: 2, call: { method: 'query', text: 'SELECT 1' } },
      { kind: 'stream', id: 2, session: 2, call: { method: 'execute', portal: '', maxRows: 0,
        sync: true, bind: { statement: 's', parameters: [1, null, 'x', 5n] } } },
      { kind: 'stream', id: 3, session: 2, call: { method: 'execute', portal: 'p', maxRows: 9,
        sync: false, bind: { statement: '', parameters: [] } } },
      { kind: 'stream', id: 4, session: 2, call: { method: 'execute', portal: 'p', maxRows: 9,
        sync: false, bind: undefined } },
      { kind: 'cancel', session: 2 }, { kind: 'settle', id: 5 },
    ];
    expect(toWorker(messages)).toEqual(messages);
  });
});
