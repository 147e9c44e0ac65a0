/**
 * Distinct, temporal filter, gate and throttle: deltas in, deltas out, straight and restarted.
 */
import { describe, expect, it } from 'vitest';
import type { DataflowNode } from '../../src/planner/dataflow.ts';
import type { ScalarExpr } from '../../src/planner/relation.ts';
import { headerColumns, runDeltas, sourceOf } from '../support/deltas.ts';
import { WATERMARK } from './harness.ts';

function node(part: object, columns: string): DataflowNode {
  return { columns: headerColumns(columns), inputs: [0], key: null, appendOnly: false,
    bound: 'keys', ...part } as unknown as DataflowNode;
}

describe('distinct', () => {
  const source = sourceOf('a:int4 t:text');

  it('has each row once', () => {
    const distinct = node({ kind: 'distinct', evict: null }, 'a:int4 t:text');
    const run = runDeltas(distinct, [source], [
      { inputs: ['+2 1 a\n+ 1 b\n+ null null\n- 1 b'] },
      { inputs: ['- 1 a\n+ null null'] },
      { inputs: ['- 1 a\n+ 2 c'] },
      { inputs: ['-2 null null\n- 2 c'] },
    ]);
    expect(run).toMatchObject({ rows: 0, epochs: [
      ['+ 1 a', '+ null null'], [], ['- 1 a', '+ 2 c'], ['- 2 c', '- null null']] });
  });

  it('forgets what the watermark has passed', () => {
    const distinct = node({ kind: 'distinct', evict: { column: 0, watermark: WATERMARK } },
      't:int8');
    const run = runDeltas(distinct, [sourceOf('t:int8')], [
      { inputs: ['+ 1\n+ 5'] }, { watermark: 3n }, { inputs: ['+ 5'], watermark: 3n }]);
    expect(run).toMatchObject({ rows: 1, epochs: [['+ 1', '+ 5'], [], []] });
  });
});

describe('temporal filter', () => {
  const bound = (index: number): ScalarExpr =>
    ({ kind: 'column', index, type: { name: 'timestamptz' } });
  const source = sourceOf('k:int4 f:timestamptz t:timestamptz');
  const filter = node({ kind: 'temporalFilter', validFrom: bound(1), validTo: bound(2) },
    'k:int4 f:timestamptz t:timestamptz');
  const at = (second: number): string => `'1970-01-01 00:00:0${second}+00'`;
  const now = (second: number): bigint => BigInt(second) * 1_000_000n;

  it('shows rows while they are valid', () => {
    const run = runDeltas(filter, [source], [
      { now: now(1), inputs: [
        `+ 1 ${at(0)} ${at(2)}\n+2 2 ${at(2)} ${at(4)}\n+ 3 ${at(0)} ${at(1)}\n+ 4 ${at(3)} ${at(3)}\n+ 5 null ${at(9)}\n+ 6 ${at(1)} infinity\n+ 7 ${at(2)} infinity`] },
      { now: now(2) },
      { now: now(3), inputs: [`- 2 ${at(2)} ${at(4)}\n+ 8 ${at(4)} ${at(5)}`] },
      { now: now(9), inputs: [`- 6 ${at(1)} infinity\n- 8 ${at(4)} ${at(5)}`] },
      { now: now(9) },
    ]);
    expect(run.epochs.map((lines) => lines.map((line) => line.split(' ').slice(0, 2).join(' '))))
      .toEqual([['+ 1', '+ 6'], ['- 1', '+2 2', '+ 7'], ['- 2'], ['- 2', '- 6'], []]);
    expect(run.rows).toBe(0);
  });
});

describe('gate', () => {
  const source = sourceOf('t:timestamp v:int4');
  const gate = (correct: boolean): DataflowNode => node(
    { kind: 'gate', timeColumn: 0, watermark: WATERMARK, correct }, 't:timestamp v:int4');
  const at = (second: number): string => `'1970-01-01 00:00:0${second}'`;

  it('opens by watermark, once', () => {
    const epochs = [
      { inputs: [`+ ${at(1)} 1\n+ ${at(2)} 2\n+ null 3`] },
      { inputs: [`- ${at(1)} 1\n+ ${at(1)} 5`], watermark: 1_000_000n },
      { inputs: [`+ ${at(1)} 9\n- ${at(1)} 5\n- ${at(2)} 2`], watermark: 1_500_000n },
      { watermark: 9_000_000n },
    ];
    expect(runDeltas(gate(false), [source], epochs)).toMatchObject({ late: 2, epochs: [
      [], [`+ ${at(1)} 5`], [], []] });
    expect(runDeltas(gate(true), [source], epochs)).toMatchObject({ late: 0, epochs: [
      [], [`+ ${at(1)} 5`], [`- ${at(1)} 5`, `+ ${at(1)} 9`], []] });
  });
});

describe('throttle', () => {
  it('lets go once per interval, net', () => {
    const throttle = node({ kind: 'throttle', micros: 10n }, 'k:int4 v:int4');
    const run = runDeltas(throttle, [sourceOf('k:int4 v:int4', { key: [0] })], [
      { now: 100n, inputs: ['+ 1 1'] },
      { now: 105n, inputs: ['- 1 1\n+ 1 2'] },
      { now: 109n, inputs: ['- 1 2\n+ 1 3\n+ 2 1\n- 2 1'] },
      { now: 110n },
      { now: 200n },
      { now: 205n, inputs: ['- 1 3'] },
    ]);
    expect(run).toMatchObject({ rows: 1, epochs: [
      ['+ 1 1'], [], [], ['- 1 1', '+ 1 3'], [], ['- 1 3']] });
  });
});
