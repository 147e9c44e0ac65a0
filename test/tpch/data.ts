/**
 * TPC-H's tables and rows for them, from a seed: the distributions of the specification's data
 * generator (keys, dates, prices, flags and words that the queries ask for), not its exact rows.
 */
import { Choices, Coverage } from '../fuzz/choices.ts';

/** CREATE TABLE of all tables. */
export const TABLES: readonly string[] = [
  'CREATE TABLE region (r_regionkey int PRIMARY KEY, r_name varchar(25), r_comment varchar(152))',
  'CREATE TABLE nation (n_nationkey int PRIMARY KEY, n_name varchar(25), n_regionkey int, '
  + 'n_comment varchar(152))',
  'CREATE TABLE part (p_partkey int PRIMARY KEY, p_name varchar(55), p_mfgr varchar(25), '
  + 'p_brand varchar(10), p_type varchar(25), p_size int, p_container varchar(10), '
  + 'p_retailprice numeric(15,2), p_comment varchar(23))',
  'CREATE TABLE supplier (s_suppkey int PRIMARY KEY, s_name varchar(25), s_address varchar(40), '
  + 's_nationkey int, s_phone varchar(15), s_acctbal numeric(15,2), s_comment varchar(101))',
  'CREATE TABLE partsupp (ps_partkey int, ps_suppkey int, ps_availqty int, '
  + 'ps_supplycost numeric(15,2), ps_comment varchar(199), PRIMARY KEY (ps_partkey, ps_suppkey))',
  'CREATE TABLE customer (c_custkey int PRIMARY KEY, c_name varchar(25), c_address varchar(40), '
  + 'c_nationkey int, c_phone varchar(15), c_acctbal numeric(15,2), c_mktsegment varchar(10), '
  + 'c_comment varchar(117))',
  'CREATE TABLE orders (o_orderkey int PRIMARY KEY, o_custkey int, o_orderstatus varchar(1), '
  + 'o_totalprice numeric(15,2), o_orderdate date, o_orderpriority varchar(15), '
  + 'o_clerk varchar(15), o_shippriority int, o_comment varchar(79))',
  'CREATE TABLE lineitem (l_orderkey int, l_partkey int, l_suppkey int, l_linenumber int, '
  + 'l_quantity numeric(15,2), l_extendedprice numeric(15,2), l_discount numeric(15,2), '
  + 'l_tax numeric(15,2), l_returnflag varchar(1), l_linestatus varchar(1), l_shipdate date, '
  + 'l_commitdate date, l_receiptdate date, l_shipinstruct varchar(25), l_shipmode varchar(10), '
  + 'l_comment varchar(44), PRIMARY KEY (l_orderkey, l_linenumber))',
];

const NATIONS = ['ALGERIA 0', 'ARGENTINA 1', 'BRAZIL 1', 'CANADA 1', 'EGYPT 4', 'ETHIOPIA 0',
  'FRANCE 3', 'GERMANY 3', 'INDIA 2', 'INDONESIA 2', 'IRAN 4', 'IRAQ 4', 'JAPAN 2', 'JORDAN 4',
  'KENYA 0', 'MOROCCO 0', 'MOZAMBIQUE 0', 'PERU 1', 'CHINA 2', 'ROMANIA 3', 'SAUDI ARABIA 4',
  'VIETNAM 2', 'RUSSIA 3', 'UNITED KINGDOM 3', 'UNITED STATES 1'];
const REGIONS = ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'];
const COLOURS = ['almond', 'azure', 'beige', 'blue', 'blush', 'brown', 'chocolate', 'coral',
  'cream', 'cyan', 'drab', 'forest', 'frosted', 'ghost', 'green', 'honeydew', 'indian', 'ivory',
  'khaki', 'lace', 'lemon', 'linen', 'magenta', 'maroon', 'midnight', 'navy', 'olive', 'orchid',
  'peru', 'pink', 'plum', 'red', 'rose', 'royal', 'salmon', 'sienna', 'sky', 'snow', 'tan',
  'thistle', 'tomato', 'violet', 'wheat', 'white', 'yellow'];
const TYPES = [['STANDARD', 'SMALL', 'MEDIUM', 'LARGE', 'ECONOMY', 'PROMO'],
  ['ANODIZED', 'BURNISHED', 'PLATED', 'POLISHED', 'BRUSHED'],
  ['TIN', 'NICKEL', 'BRASS', 'STEEL', 'COPPER']] as const;
const CONTAINERS = [['SM', 'LG', 'MED', 'JUMBO', 'WRAP'],
  ['CASE', 'BOX', 'BAG', 'JAR', 'PKG', 'PACK', 'CAN', 'DRUM']] as const;
const SEGMENTS = ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'];
const PRIORITIES = ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'];
const INSTRUCTIONS = ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'];
const MODES = ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'];
const WORDS = ['furiously', 'quickly', 'special', 'pending', 'express', 'requests', 'deposits',
  'accounts', 'packages', 'ideas', 'final', 'regular', 'unusual', 'even', 'bold', 'silent'];

/** Day 0 is 1992-01-01; orders end 151 days before the end of 1998. */
const LAST_ORDER_DAY = 2405;
/** 1995-06-17: what was received before it may have been returned. */
const CURRENT_DAY = 1263;

/** Text of a day. */
export function dayText(day: number): string {
  return new Date(Date.UTC(1992, 0, 1 + day)).toISOString().slice(0, 10);
}

/** A row as SQL values. */
export type Row = readonly (string | number)[];

/** Makes rows at a scale. */
export class TpchData {
  readonly #choices: Choices;
  readonly suppliers: number;
  readonly parts: number;
  readonly customers: number;
  readonly orders: number;

  constructor(seed: number, scale: number) {
    this.#choices = new Choices(seed, new Coverage());
    this.suppliers = Math.max(Math.round(10_000 * scale), 10);
    this.parts = Math.max(Math.round(200_000 * scale), 40);
    this.customers = Math.max(Math.round(150_000 * scale), 30);
    this.orders = this.customers * 10;
  }

  /** Between two numbers, both included. */
  between(low: number, high: number): number {
    return low + this.#choices.below(high - low + 1);
  }

  pick<T>(list: readonly T[]): T {
    return this.#choices.pick(list);
  }

  /** An amount with cents. */
  money(low: number, high: number): string {
    return (this.between(low * 100, high * 100) / 100).toFixed(2);
  }

  #words(count: number): string {
    return Array.from({ length: count }, () => this.pick(WORDS)).join(' ');
  }

  #phone(nation: number): string {
    return `${nation + 10}-${this.between(100, 999)}-${this.between(100, 999)}-${
      this.between(1000, 9999)}`;
  }

  retailPrice(part: number): number {
    return (90_000 + Math.floor(part / 10) % 20_001 + 100 * (part % 1000)) / 100;
  }

  /** One of the four suppliers of a part. */
  supplierOf(part: number, which: number): number {
    const apart = Math.floor(this.suppliers / 4) * which;
    return (part + apart + Math.floor((part - 1) / this.suppliers)) % this.suppliers + 1;
  }

  part(key: number): Row {
    const maker = this.between(1, 5);
    const colours = Array.from({ length: 5 }, () => this.pick(COLOURS)).join(' ');
    return [key, colours, `Manufacturer#${maker}`, `Brand#${maker}${this.between(1, 5)}`,
      TYPES.map((each) => this.pick(each)).join(' '), this.between(1, 50),
      CONTAINERS.map((each) => this.pick(each)).join(' '), this.retailPrice(key).toFixed(2),
      this.#words(2)];
  }

  supplier(key: number): Row {
    const nation = this.between(0, 24);
    const comment = this.between(1, 20) === 1 ? 'the Customer has many Complaints'
      : this.#words(5);
    return [key, `Supplier#${String(key).padStart(9, '0')}`, this.#words(2), nation,
      this.#phone(nation), this.money(-999, 9999), comment];
  }

  partSuppliers(part: number): Row[] {
    return [0, 1, 2, 3].map((which) => [part, this.supplierOf(part, which), this.between(1, 9999),
      this.money(1, 1000), this.#words(4)]);
  }

  customer(key: number): Row {
    const nation = this.between(0, 24);
    return [key, `Customer#${String(key).padStart(9, '0')}`, this.#words(2), nation,
      this.#phone(nation), this.money(-999, 9999), this.pick(SEGMENTS), this.#words(6)];
  }

  /** An order and its lines. A third of the customers never orders. */
  order(key: number): { readonly order: Row; readonly lines: readonly Row[] } {
    const day = this.between(0, LAST_ORDER_DAY);
    const lines = Array.from({ length: this.between(1, 7) }, (_, at) =>
      this.#line(key, at + 1, day));
    const total = lines.reduce((sum, line) =>
      sum + Number(line[5]) * (1 + Number(line[7])) * (1 - Number(line[6])), 0);
    const open = lines.filter((line) => line[9] === 'O').length;
    const status = open === lines.length ? 'O' : open === 0 ? 'F' : 'P';
    const third = this.between(1, Math.floor(this.customers / 3)) * 3;
    const comment = this.between(1, 10) === 1 ? 'the special packages of requests'
      : this.#words(5);
    const order = [key, third - this.between(1, 2), status, total.toFixed(2), dayText(day),
      this.pick(PRIORITIES), `Clerk#${String(this.between(1, 1000)).padStart(9, '0')}`, 0, comment];
    return { order, lines };
  }

  #line(order: number, number: number, day: number): Row {
    const part = this.between(1, this.parts);
    const quantity = this.between(1, 50);
    const ship = day + this.between(1, 121);
    const receipt = ship + this.between(1, 30);
    return [order, part, this.supplierOf(part, this.between(0, 3)), number, quantity,
      (quantity * this.retailPrice(part)).toFixed(2), (this.between(0, 10) / 100).toFixed(2),
      (this.between(0, 8) / 100).toFixed(2),
      receipt <= CURRENT_DAY ? this.pick(['R', 'A']) : 'N', ship > CURRENT_DAY ? 'O' : 'F',
      dayText(ship), dayText(day + this.between(30, 90)), dayText(receipt),
      this.pick(INSTRUCTIONS), this.pick(MODES), this.#words(3)];
  }

  /** INSERT statements of everything. */
  *load(): Generator<string, void> {
    yield insert('region', REGIONS.map((name, key) => [key, name, this.#words(3)]));
    yield insert('nation', NATIONS.map((text, key) => {
      const cut = text.lastIndexOf(' ');
      return [key, text.slice(0, cut), Number(text.slice(cut + 1)), this.#words(3)];
    }));
    yield* inserts('supplier', this.suppliers, (key) => [this.supplier(key)]);
    yield* inserts('part', this.parts, (key) => [this.part(key)]);
    yield* inserts('partsupp', this.parts, (key) => this.partSuppliers(key));
    yield* inserts('customer', this.customers, (key) => [this.customer(key)]);
    let lines: Row[] = [];
    yield* inserts('orders', this.orders, (key) => {
      const made = this.order(key);
      lines.push(...made.lines);
      return [made.order];
    });
    while (lines.length > 0) {
      yield insert('lineitem', lines.slice(0, 500));
      lines = lines.slice(500);
    }
  }
}

/** INSERT of rows. */
export function insert(table: string, rows: readonly Row[]): string {
  const values = rows.map((row) => `(${row.map((value) =>
    typeof value === 'number' ? value : `'${value}'`).join(', ')})`);
  return `INSERT INTO ${table} VALUES ${values.join(', ')}`;
}

function* inserts(
  table: string, count: number, make: (key: number) => readonly Row[],
): Generator<string, void> {
  for (let from = 1; from <= count; from += 500) {
    const keys = Array.from({ length: Math.min(500, count - from + 1) }, (_, at) => from + at);
    yield insert(table, keys.flatMap(make));
  }
}
