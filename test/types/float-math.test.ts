/**
 * Correctly rounded exponentials, logarithms and powers: known values and inverses.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  exactExp, exactLog, exactLog10, exactPower,
} from '../../src/common/float-math.ts';

describe('correctly rounded functions', () => {
  // Values computed with 60 digits and rounded once.
  test('known values', () => {
    expect(exactLog(3)).toBe(1.0986122886681098);
    expect(exactLog(2)).toBe(0.6931471805599453);
    expect(exactLog(1e-320)).toBe(-736.8272408909739);
    expect(exactLog(Number.MAX_VALUE)).toBe(709.782712893384);
    expect(exactLog10(1000)).toBe(3);
    expect(exactLog10(1e-300)).toBe(-300);
    expect(exactExp(1)).toBe(2.718281828459045);
    expect(exactExp(-745.1)).toBe(5e-324);
    expect(exactExp(-708.8873517964466)).toBe(1.361867399400493e-308);
    expect(exactExp(-708.2359400065492)).toBe(2.6123981623614733e-308);
    expect(exactPower(2, 0.5)).toBe(Math.SQRT2);
    expect(exactPower(3, 2)).toBe(9);
    expect(exactPower(-2, 3)).toBe(-8);
    expect(exactPower(10, 308)).toBe(1e308);
    expect(exactPower(1.1, 10)).toBe(2.5937424601000023);
  });

  test('special values as the platform has them', () => {
    for (const value of [NaN, Infinity, -Infinity, 0, -0, -1]) {
      expect(exactLog(value)).toBe(Math.log(value));
      expect(exactExp(value)).toBe(Math.exp(value));
      expect(exactPower(value, 3)).toBe(value ** 3);
      expect(exactPower(2, value)).toBe(2 ** value);
    }
  });

  test('powers of integers are exact', () => {
    fc.assert(fc.property(fc.integer({ min: 2, max: 99 }), fc.integer({ min: 1, max: 7 }),
      (base, exponent) => {
        expect(exactPower(base, exponent)).toBe(Number(BigInt(base) ** BigInt(exponent)));
      }));
  });

  test('the logarithm of a power of ten is its exponent', () => {
    for (let exponent = -300; exponent <= 300; exponent++) {
      expect(exactLog10(Number(`1e${exponent}`))).toBe(exponent);
    }
  });
});
