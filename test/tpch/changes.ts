/**
 * Random changes of TPC-H's tables: updates of what the queries filter, join, group and add up,
 * deletes of lines and whole orders, new orders.
 */
import { dayText, insert } from './data.ts';
import type { TpchData } from './data.ts';

/** A change: one or more statements. */
export function randomChange(data: TpchData, number: number): readonly string[] {
  const part = data.between(1, data.parts);
  const order = data.between(1, data.orders);
  const customer = data.between(1, data.customers);
  const supplier = data.between(1, data.suppliers);
  const line = `l_orderkey = ${order} AND l_linenumber = ${data.between(1, 4)}`;
  const day = `date '${dayText(data.between(0, 2500))}'`;
  const changes: readonly (() => readonly string[])[] = [
    () => [`UPDATE lineitem SET l_discount = ${data.between(0, 10) / 100}, `
      + `l_quantity = ${data.between(1, 50)} WHERE ${line}`],
    () => [`UPDATE lineitem SET l_shipdate = ${day}, l_returnflag = '${
      data.pick(['R', 'A', 'N'])}' WHERE ${line}`],
    () => [`UPDATE lineitem SET l_commitdate = l_receiptdate + ${data.between(-3, 3)} `
      + `WHERE ${line}`],
    () => [`UPDATE lineitem SET l_extendedprice = l_extendedprice * 2 WHERE l_orderkey = ${order}`],
    () => [`DELETE FROM lineitem WHERE ${line}`],
    () => [`DELETE FROM lineitem WHERE l_orderkey = ${order}`,
      `DELETE FROM orders WHERE o_orderkey = ${order}`],
    () => [`UPDATE orders SET o_orderdate = ${day}, o_orderstatus = 'F' `
      + `WHERE o_orderkey = ${order}`],
    () => [`UPDATE orders SET o_custkey = ${customer} WHERE o_orderkey = ${order}`],
    () => [`DELETE FROM orders WHERE o_custkey = ${customer}`],
    () => [`UPDATE customer SET c_acctbal = ${data.money(-999, 9999)} `
      + `WHERE c_custkey = ${customer}`],
    () => [`UPDATE customer SET c_mktsegment = 'BUILDING', c_nationkey = ${data.between(0, 24)} `
      + `WHERE c_custkey = ${customer}`],
    () => [`UPDATE part SET p_size = ${data.between(1, 50)}, p_brand = 'Brand#${
      data.between(1, 5)}${data.between(1, 5)}' WHERE p_partkey = ${part}`],
    () => [`UPDATE part SET p_type = 'PROMO BURNISHED BRASS' WHERE p_partkey = ${part}`],
    () => [`UPDATE partsupp SET ps_supplycost = ${data.money(1, 1000)}, `
      + `ps_availqty = ${data.between(1, 9999)} WHERE ps_partkey = ${part}`],
    () => [`UPDATE supplier SET s_nationkey = ${data.between(0, 24)}, `
      + `s_acctbal = ${data.money(-999, 9999)} WHERE s_suppkey = ${supplier}`],
    () => {
      const made = data.order(data.orders + number + 1);
      return [insert('orders', [made.order]), insert('lineitem', made.lines)];
    },
  ];
  return data.pick(changes)();
}
