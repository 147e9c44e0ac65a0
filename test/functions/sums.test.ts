/**
 * Exact sums: what is taken out leaves no residue, in any order, also after saving and loading.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExactSum, roundToDouble } from '../../src/common/exact-sum.ts';
import { NumericSum } from '../../src/common/numeric-sum.ts';
import { formatNumeric, parseNumeric } from '../../src/common/types/numeric.ts';
import { finishAvgInt, finishAvgNumeric } from '../../src/planner/functions/finish.ts';

function sumOf(values: readonly number[]): ExactSum {
  const sum = new ExactSum();
  for (const value of values) sum.add(value);
  return sum;
}

describe('exact sum of floats', () => {
  test('does not lose small values beside large ones', () => {
    expect(sumOf([1e308, 1, -1e308]).value()).toBe(1);
    expect(sumOf([0.1, 0.2, -0.3]).value()).toBe(2.7755575615628914e-17);
    expect(sumOf(Array.from({ length: 10 }, () => 0.1)).value()).toBe(1);
  });

  test('covers the edges of the range', () => {
    expect(sumOf([5e-324]).value()).toBe(5e-324);
    expect(sumOf([5e-324, 5e-324, 5e-324]).value()).toBe(1.5e-323);
    expect(sumOf([Number.MAX_VALUE]).value()).toBe(Number.MAX_VALUE);
    expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE]).value()).toBe(Infinity);
    expect(sumOf([2.2250738585072014e-308]).value()).toBe(2.2250738585072014e-308);
    expect(sumOf([9007199254740991, 1, 1]).value()).toBe(9007199254740992);
  });

  test('counts what is no number', () => {
    const sum = sumOf([1, Infinity]);
    expect(sum.value()).toBe(Infinity);
    sum.add(-Infinity);
    expect(sum.value()).toBeNaN();
    sum.subtract(Infinity);
    sum.subtract(-Infinity);
    expect(sum.value()).toBe(1);
    expect(sum.hasSpecial()).toBe(false);
  });

  test('add, then retract, in any order', () => {
    fc.assert(fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
      (kept, removed) => {
        const sum = sumOf([...removed, ...kept]);
        const loaded = ExactSum.load(JSON.parse(JSON.stringify(sum.save())) as never);
        for (const value of removed.toReversed()) loaded.subtract(value);
        expect(loaded.value() + 0).toBe(sumOf(kept.toReversed()).value() + 0);
      }));
  });

  test('one value is itself', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(sumOf([value]).value()).toBe(value + 0);
      expect(sumOf([value, value]).average(2n)).toBe(value + 0);
    }));
  });

  test('merging equals adding', () => {
    fc.assert(fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
      (a, b) => {
        const merged = sumOf(a);
        merged.merge(sumOf(b));
        expect(merged.value()).toBe(sumOf([...a, ...b]).value());
      }));
  });

  test('rounds ties to even', () => {
    expect(roundToDouble((1n << 53n) + 1n, 0)).toBe(2 ** 53);
    expect(roundToDouble((1n << 53n) + 3n, 0)).toBe(2 ** 53 + 4);
    expect(roundToDouble(3n, -1075)).toBe(1e-323);
    expect(roundToDouble(1n, -1075)).toBe(0);
  });
});

describe('sum of numerics', () => {
  const text = (sum: NumericSum): string => formatNumeric(sum.value());

  test('has the scale of the widest value still in it', () => {
    const sum = new NumericSum();
    sum.add(parseNumeric('1'), 1);
    sum.add(parseNumeric('2.500'), 1);
    expect(text(sum)).toBe('3.500');
    sum.add(parseNumeric('2.500'), -1);
    expect(text(sum)).toBe('1');
  });

  test('passes infinities on and takes them back', () => {
    const sum = new NumericSum();
    sum.add(parseNumeric('Infinity'), 1);
    sum.add(parseNumeric('1.5'), 2);
    expect(text(sum)).toBe('Infinity');
    sum.add(parseNumeric('-Infinity'), 1);
    expect(text(sum)).toBe('NaN');
    sum.add(parseNumeric('Infinity'), -1);
    sum.add(parseNumeric('-Infinity'), -1);
    expect(text(NumericSum.load(sum.save()))).toBe('3.0');
  });

  test('merging equals adding', () => {
    const left = new NumericSum();
    const right = new NumericSum();
    left.add(parseNumeric('1.25'), 1);
    right.add(parseNumeric('0.5'), 1);
    right.add(parseNumeric('0.125'), 1);
    left.merge(right);
    expect(text(left)).toBe('1.875');
    left.add(parseNumeric('0.125'), -1);
    expect(text(left)).toBe('1.75');
  });
});

describe('averages', () => {
  test('have PostgreSQL\'s scale', () => {
    expect(formatNumeric(finishAvgInt(7n, 3n))).toBe('2.3333333333333333');
    expect(formatNumeric(finishAvgNumeric(parseNumeric('3.305'), 2n))).toBe('1.6525000000000000');
    expect(formatNumeric(finishAvgInt(10_000_000_000_000_000_000n, 3n)))
      .toBe('3333333333333333333');
  });
});
