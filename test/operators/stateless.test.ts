/**
 * Map, union, constant, flat map and windows: deltas in, deltas out.
 */
import { describe, expect, it } from 'vitest';
import type { SqlType } from '../../src/common/types/sql-type.ts';
import type { DataflowNode } from '../../src/planner/dataflow.ts';
import { typeNamed } from '../../src/planner/functions/builder.ts';
import type { ScalarExpr } from '../../src/planner/relation.ts';
import { headerColumns, runDeltas, sourceOf } from '../support/deltas.ts';

const T = (name: string): SqlType => typeNamed(name);
const column = (index: number, type: string): ScalarExpr => ({ kind: 'column', index, type: T(type) });
const call = (id: string, args: readonly ScalarExpr[], type: string): ScalarExpr =>
  ({ kind: 'call', function: id, args, type: T(type) });

function node(part: object, columns: string): DataflowNode {
  return { columns: headerColumns(columns), inputs: [0], key: null, appendOnly: false,
    bound: 'stateless', ...part } as unknown as DataflowNode;
}

describe('map', () => {
  const source = sourceOf('a:int4 b:int4');
  const divide = call('/(int4,int4)', [column(0, 'int4'), column(1, 'int4')], 'int4');

  it('filters, projects and leaves failing rows out', () => {
    const map = node({ kind: 'map', filter: call('>(int4,int4)', [column(0, 'int4'),
      { kind: 'literal', value: 1, type: T('int4') }], 'boolean'),
    exprs: [column(1, 'int4'), divide] }, 'b:int4 q:int4');
    const run = runDeltas(map, [source], [
      { inputs: ['+ 1 1\n+ 8 2\n+ 8 0\n+2 9 3\n+ null 1\n+ 5 null'] },
      { inputs: ['- 8 2\n- 8 0'] },
    ]);
    expect(run.epochs).toEqual([['+ 2 4', '+2 3 3', '+ null null'], ['- 2 4']]);
    expect(run.errors).toEqual(['division by zero', 'division by zero']);
  });

  it('keeps the rows of shared columns together when one fails', () => {
    const map = node({ kind: 'map', filter: null, exprs: [column(0, 'int4'), divide] },
      'a:int4 q:int4');
    expect(runDeltas(map, [source], [{ inputs: ['+ 1 1\n+ 8 0\n+ 9 3\n+ null 2'] }]).epochs)
      .toEqual([['+ 1 1', '+ 9 3', '+ null null']]);
  });
});

describe('union and constant', () => {
  it('adds what comes', () => {
    const union = node({ kind: 'union', inputs: [0, 1] }, 'a:int4');
    const source = sourceOf('a:int4');
    expect(runDeltas(union, [source, source], [{ inputs: ['+ 1\n+ 2', '- 1\n+ 3'] }]).epochs)
      .toEqual([['+ 2', '+ 3']]);
  });

  it('puts its rows out once', () => {
    const constant = node({ kind: 'constant', rows: [[1], [2]] }, 'a:int4');
    expect(runDeltas(constant, [], [{}, {}]).epochs).toEqual([['+ 1', '+ 2'], []]);
  });
});

describe('flat map', () => {
  const source = sourceOf('a:int4 b:int4');
  const series = (args: readonly number[], ordinality = false): object => ({
    function: 'generate_series(int4,int4)', args: args.map((at) => column(at, 'int4')),
    columns: headerColumns(`s:int4${ordinality ? ' o:int8' : ''}`), ordinality,
  });

  it('multiplies rows', () => {
    const map = node({ kind: 'flatMap', outer: false, calls: [series([0, 1])] },
      'a:int4 b:int4 s:int4');
    expect(runDeltas(map, [source], [
      { inputs: ['+ 1 3\n+ 5 4\n+ null 2'] }, { inputs: ['- 1 3\n+ 7 7'] },
    ]).epochs).toEqual([['+ 1 3 1', '+ 1 3 2', '+ 1 3 3'],
      ['- 1 3 1', '- 1 3 2', '- 1 3 3', '+ 7 7 7']]);
  });

  it('pads in lockstep, numbers and keeps rows without results', () => {
    const map = node({ kind: 'flatMap', outer: true,
      calls: [series([0, 1]), series([1, 1], true)] }, 'a:int4 b:int4 s:int4 t:int4 o:int8');
    expect(runDeltas(map, [source], [{ inputs: ['+ 1 2\n+ null null'] }]).epochs)
      .toEqual([['+ 1 2 1 2 1', '+ 1 2 2 null null', '+ null null null null null']]);
  });
});

describe('window', () => {
  const source = sourceOf('t:timestamp arrival:int8 v:int4');
  const columns = 't:timestamp arrival:int8 v:int4 ws:timestamp we:timestamp wt:timestamp';
  const window = (spec: object, more: object = {}): DataflowNode => node({
    kind: 'window', window: { offset: 0n, ...spec }, timeColumn: 0, arrival: null,
    allowedLateness: 0n, ...more }, columns);
  const at = (text: string): string => `'1970-01-01 00:00:${text}'`;

  it('tumbles', () => {
    const run = runDeltas(window({ kind: 'tumble', size: 10_000_000n }), [source], [
      { inputs: [`+ ${at('00')} null 1\n+ ${at('19.999999')} null 2\n+ null null 3\n- '1969-12-31 23:59:59' null 4`] },
    ]);
    expect(run.epochs[0]).toEqual([
      `- '1969-12-31 23:59:59' null 4 '1969-12-31 23:59:50' ${at('00')} '1969-12-31 23:59:59.999999'`,
      `+ ${at('00')} null 1 ${at('00')} ${at('10')} ${at('09.999999')}`,
      `+ ${at('19.999999')} null 2 ${at('10')} ${at('20')} ${at('19.999999')}`,
    ]);
  });

  it('goes beyond the year 2255 and before Christ', () => {
    const run = runDeltas(window({ kind: 'tumble', size: 3_600_000_000n }), [source], [
      { inputs: [`+ '9999-12-31 23:59:59' null 1\n+ '0001-01-01 00:30:00' null 2\n+ infinity null 3`] },
    ]);
    expect(run.epochs[0]).toEqual([
      `+ '0001-01-01 00:30:00' null 2 '0001-01-01 00:00:00' '0001-01-01 01:00:00' '0001-01-01 00:59:59.999999'`,
      `+ '9999-12-31 23:59:59' null 1 '9999-12-31 23:00:00' '10000-01-01 00:00:00' '9999-12-31 23:59:59.999999'`,
    ]);
  });

  it('hops, with a size that is no multiple of the slide', () => {
    const run = runDeltas(window({ kind: 'hop', slide: 4_000_000n, size: 10_000_000n }), [source], [
      { inputs: [`+ ${at('09')} null 1\n+ ${at('11')} null 2`] }]);
    expect(run.epochs[0]?.map((line) => line.split(`' '`).length)).toEqual([3, 3, 3, 3, 3]);
    expect(run.epochs[0]?.[0]).toContain(`${at('00')} ${at('10')}`);
    expect(run.epochs[0]?.[2]).toContain(`${at('08')} ${at('18')}`);
  });

  it('cumulates', () => {
    const run = runDeltas(window({ kind: 'cumulate', step: 2_000_000n, size: 6_000_000n }), [source],
      [{ inputs: [`+ ${at('09')} null 1`] }]);
    expect(run.epochs[0]).toEqual([
      `+ ${at('09')} null 1 ${at('06')} ${at('10')} ${at('09.999999')}`,
      `+ ${at('09')} null 1 ${at('06')} ${at('12')} ${at('11.999999')}`,
    ]);
  });

  it('leaves out windows that had ended when the row came', () => {
    const hop = window({ kind: 'hop', slide: 5_000_000n, size: 10_000_000n },
      { arrival: 1, allowedLateness: 1_000_000n });
    const run = runDeltas(hop, [source], [{ inputs: [
      `+ ${at('06')} null 1\n+ ${at('06')} 10999999 2\n+ ${at('06')} 11000000 3\n+ ${at('06')} 16000000 4`] }]);
    expect(run.epochs[0]?.map((line) => line.slice(24, 34))).toEqual([
      '10999999 2', '10999999 2', '11000000 3', `null 1 '19`, `null 1 '19`]);
  });

  it('takes dates and offsets', () => {
    const dates = sourceOf('d:date');
    const made = node({ kind: 'window', timeColumn: 0, arrival: null, allowedLateness: 0n,
      window: { kind: 'tumble', size: 2n * 86_400_000_000n, offset: 86_400_000_000n } },
    'd:date ws:timestamp we:timestamp wt:timestamp');
    expect(runDeltas(made, [dates], [{ inputs: ['+ 1970-01-03\n+ infinity'] }]).epochs[0])
      .toEqual([`+ 1970-01-03 '1970-01-02 00:00:00' '1970-01-04 00:00:00' '1970-01-03 23:59:59.999999'`]);
  });
});
