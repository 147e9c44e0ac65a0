// Node clients against the server named by PGHOST, PGPORT, PGUSER, PGDATABASE: pg, pg-cursor,
// pg-query-stream, pg-copy-streams, postgres.js, knex, kysely, drizzle, typeorm, sequelize.
// Prints "client", "ok" and "not ok" lines for `run`.
import { execFileSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import copy from 'pg-copy-streams';
import postgres from 'postgres';
import knexModule from 'knex';
import { Kysely, PostgresDialect, sql as kyselySql } from 'kysely';
import { drizzle } from 'drizzle-orm/node-postgres';
import { and, count, desc, eq, gt, sql, sum } from 'drizzle-orm';
import * as d from 'drizzle-orm/pg-core';
import { DataSource, EntitySchema } from 'typeorm';
import Sequelize from 'sequelize';

const require = createRequire(import.meta.url);

const env = process.env;
const server = {
  host: env.PGHOST, port: Number(env.PGPORT), user: env.PGUSER, database: env.PGDATABASE,
};
const url = `postgres://${server.user}@${server.host}:${server.port}/${server.database}`;

function client(name) {
  let folder = require.resolve(name);
  for (;;) {
    folder = join(folder, '..');
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (found.name === name) return console.log(`client ${name} ${found.version}`);
    } catch {}
  }
}

async function check(name, body) {
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (error) {
    const text = String(error?.stack ?? error).split('\n').slice(0, 4).join(' | ');
    console.log(`not ok ${name}: ${error.message} ${error.position ?? ''} ${text}`);
  }
}

async function rejects(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.equal((error.cause ?? error).code ?? error.parent?.code, code, error.message);
    return true;
  });
}

async function nodePostgres() {
  client('pg');
  const db = new pg.Client(server);
  await db.connect();
  await check('every type in text, one parameter each', async () => {
    const values = [
      ['bool', true, true], ['int2', 2, 2], ['int4', -4, -4], ['int8', '8', '8'],
      ['float4', 1.5, 1.5], ['float8', 0.1, 0.1], ['numeric', '12.30', '12.30'],
      ['text', 'ä€😀', 'ä€😀'], ['varchar(3)', 'abc', 'abc'], ['char(4)', 'ab', 'ab  '],
      ['date', '2024-02-29', new Date(2024, 1, 29)],
      ['timestamptz', new Date(1.7e12), new Date(1.7e12)],
      ['time', '12:34:56', '12:34:56'], ['uuid', '6f1f0a5e-8a3b-4a52-8d80-0f3f8c6d9e01', null],
      ['json', { a: [1, null] }, { a: [1, null] }], ['jsonb', { a: 1 }, { a: 1 }],
      ['bytea', Buffer.from([0, 1, 255]), Buffer.from([0, 1, 255])],
      ['int4[]', [1, null, 3], [1, null, 3]], ['text[]', ['a,b', '"', 'NULL'], null],
    ];
    for (const [type, given, expected] of values) {
      const { rows, fields } = await db.query('SELECT $1::'.concat(type, ' AS v'), [given]);
      assert.deepEqual(rows[0].v, expected ?? given, type);
      assert.equal(fields[0].name, 'v');
    }
    const { rows } = await db.query("SELECT interval '1 day 02:00' AS i, null AS n");
    assert.equal(rows[0].i.days, 1);
    assert.equal(rows[0].n, null);
  });
  await check('named statement, row mode, several results', async () => {
    for (let i = 0; i < 3; i++) {
      const { rows } = await db.query({ name: 'by_id', text: 'SELECT $1::int4 + 1 AS x', values: [i],
        rowMode: 'array' });
      assert.deepEqual(rows, [[i + 1]]);
    }
    const results = await db.query('SELECT 1 AS a; SELECT 2 AS b; SET TimeZone = \'UTC\'');
    assert.deepEqual(results.map((each) => each.command), ['SELECT', 'SELECT', 'SET']);
  });
  await check('insert returning, transaction, savepoint, errors', async () => {
    await db.query('CREATE TABLE node_t (id serial PRIMARY KEY, name text UNIQUE, n int4)');
    const { rows, rowCount } = await db.query(
      'INSERT INTO node_t (name, n) VALUES ($1, $2), ($3, $4) RETURNING id', ['a', 1, 'b', 2]);
    assert.deepEqual([rows, rowCount], [[{ id: 1 }, { id: 2 }], 2]);
    await db.query('BEGIN');
    await db.query('SAVEPOINT s');
    await assert.rejects(db.query("INSERT INTO node_t (name) VALUES ('a')"), (error) => {
      assert.deepEqual([error.code, error.table, error.constraint, error.schema],
        ['23505', 'node_t', 'node_t_name_key', 'public']);
      return true;
    });
    await db.query('ROLLBACK TO SAVEPOINT s');
    await db.query("UPDATE node_t SET n = n + 1 WHERE name = 'a'");
    await db.query('COMMIT');
    assert.equal((await db.query('SELECT sum(n) AS s FROM node_t')).rows[0].s, '4');
    await rejects(db.query('SELECT nothing FROM node_t'), '42703');
  });
  await check('notifications', async () => {
    const heard = new Promise((resolve) => { db.once('notification', resolve); });
    await db.query('LISTEN pages');
    await db.query("SELECT pg_notify('pages', 'p1')");
    assert.equal((await heard).payload, 'p1');
  });
  await check('pool, cancel by statement_timeout', async () => {
    const pool = new pg.Pool({ ...server, max: 4, statement_timeout: 100 });
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      pool.query('SELECT $1::int4 AS i', [i])));
    assert.equal(all.reduce((total, { rows }) => total + rows[0].i, 0), 190);
    await rejects(pool.query('SELECT pg_sleep(5)'), '57014');
    await pool.end();
  });
  await check('a materialized view follows', async () => {
    await db.query('CREATE MATERIALIZED VIEW node_v AS SELECT n, count(*) AS c FROM node_t GROUP BY n');
    await db.query("INSERT INTO node_t (name, n) VALUES ('c', 2)");
    const { rows } = await db.query('SELECT * FROM node_v ORDER BY n');
    assert.deepEqual(rows, [{ n: 2, c: '3' }]);
  });

  client('pg-cursor');
  await check('portions, then close', async () => {
    const cursor = db.query(new Cursor('SELECT i FROM generate_series(1, $1) AS s(i)', [1000]));
    assert.equal((await cursor.read(10)).length, 10);
    assert.equal((await cursor.read(985)).length, 985);
    assert.equal((await cursor.read(100)).length, 5);
    await cursor.close();
  });
  await check('subscription, row by row', async () => {
    const other = new pg.Client(server);
    await other.connect();
    const cursor = other.query(new Cursor('SUBSCRIBE node_v'));
    assert.equal((await cursor.read(1)).length, 1);
    await db.query("INSERT INTO node_t (name, n) VALUES ('d', 9)");
    const [row] = await cursor.read(1);
    assert.deepEqual([row.n, row.mz_diff], [9, '1']);
    other.connection.stream.destroy();
    other.on('error', () => undefined);
  });
  client('pg-query-stream');
  await check('10,000 rows', async () => {
    let rows = 0;
    const stream = db.query(new QueryStream('SELECT * FROM generate_series(1, 10000)', [],
      { batchSize: 77 }));
    for await (const row of stream) rows += row.generate_series > 0 ? 1 : 0;
    assert.equal(rows, 10000);
  });
  client('pg-copy-streams');
  await check('copy in, copy out', async () => {
    await db.query('CREATE TABLE node_copy (id int4, t text)');
    const into = db.query(copy.from('COPY node_copy FROM STDIN'));
    await pipeline(Readable.from(['1\ta\n', '2\t\\', 'N\n3\tx\\ty\n']), into);
    let text = '';
    for await (const chunk of db.query(copy.to('COPY node_copy TO STDOUT WITH (FORMAT csv)'))) {
      text += chunk;
    }
    assert.equal(text, '1,a\n2,\n3,x\ty\n');
    const parts = [];
    for await (const chunk of db.query(copy.to('COPY node_copy TO STDOUT (FORMAT binary)'))) {
      parts.push(chunk);
    }
    const bytes = Buffer.concat(parts);
    assert.equal(bytes.subarray(0, 6).toString(), 'PGCOPY');
    await pipeline(Readable.from([bytes]), db.query(copy.from('COPY node_copy FROM STDIN BINARY')));
    assert.equal((await db.query('SELECT count(*)::int4 AS n FROM node_copy')).rows[0].n, 6);
  });
  await db.end();
}

async function postgresJs() {
  client('postgres');
  const db = postgres(url, { onnotice: () => undefined, max: 3 });
  await check('tagged queries, arrays, json, types', async () => {
    const [row] = await db`SELECT ${1}::int4 AS i, ${['a', 'b']}::text[] AS t,
      ${db.json({ a: 1 })}::jsonb AS j, ${new Date(0)}::timestamptz AS d, ${null}::int4 AS n`;
    assert.deepEqual({ ...row }, { i: 1, t: ['a', 'b'], j: { a: 1 }, d: new Date(0), n: null });
  });
  await check('insert helper, transaction, describe', async () => {
    await db`CREATE TABLE postgres_t (id int4 PRIMARY KEY, name text, tags text[])`;
    await db.begin(async (tx) => {
      await tx`INSERT INTO postgres_t ${tx([{ id: 1, name: 'a', tags: ['x'] },
        { id: 2, name: 'b', tags: [] }])}`;
      await tx.savepoint((inner) => inner`DELETE FROM postgres_t WHERE id = 1`);
    });
    const found = await db`SELECT * FROM postgres_t WHERE id IN ${db([1, 2])}`;
    assert.deepEqual(found.map((row) => ({ ...row })), [{ id: 2, name: 'b', tags: [] }]);
    const { columns, types } = await db`SELECT * FROM postgres_t WHERE id = ${1}`.describe();
    assert.deepEqual([columns.map((each) => each.type), types], [[23, 25, 1009], [23]]);
  });
  await check('cursor, forEach, cancel', async () => {
    let seen = 0;
    await db`SELECT * FROM generate_series(1, 25)`.cursor(10, (rows) => { seen += rows.length; });
    assert.equal(seen, 25);
    const slow = db`SELECT pg_sleep(20)`;
    setTimeout(() => slow.cancel(), 100);
    await rejects(slow, '57014');
  });
  await check('copy', async () => {
    const into = await db`COPY postgres_t (id, name) FROM STDIN`.writable();
    await pipeline(Readable.from(['7\tseven\n']), into);
    let text = '';
    for await (const chunk of await db`COPY postgres_t (id, name) TO STDOUT`.readable()) text += chunk;
    assert.match(text, /7\tseven\n/);
  });
  await check('listen', async () => {
    const heard = new Promise((resolve) => { void db.listen('news', resolve); });
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    await db.notify('news', 'hello');
    assert.equal(await heard, 'hello');
  });
  await db.end();
}

async function knex() {
  client('knex');
  const db = knexModule({ client: 'pg', connection: server });
  await check('schema builder, constraints, indexes', async () => {
    await db.schema.createTable('knex_users', (t) => {
      t.increments('id');
      t.string('email', 100).notNullable().unique();
      t.timestamp('made_at').defaultTo(db.fn.now());
      t.decimal('balance', 10, 2).defaultTo(0);
      t.jsonb('extra');
      t.index(['made_at']);
    });
    await db.schema.createTable('knex_posts', (t) => {
      t.increments('id');
      t.integer('user_id').unsigned().references('id').inTable('knex_users').onDelete('CASCADE');
      t.text('body');
    });
    await db.schema.alterTable('knex_posts', (t) => { t.boolean('live').defaultTo(true); });
    assert.equal(await db.schema.hasTable('knex_posts'), true);
    assert.equal(await db.schema.hasColumn('knex_posts', 'live'), true);
    assert.equal(await db.schema.hasTable('knex_nothing'), false);
  });
  await check('columnInfo', async () => {
    const info = await db('knex_users').columnInfo();
    assert.deepEqual(info.email,
      { type: 'character varying', maxLength: 100, nullable: false, defaultValue: null });
    assert.match(info.id.defaultValue, /^nextval/);
  });
  await check('insert, join, group, upsert, delete', async () => {
    const [{ id }] = await db('knex_users').insert({ email: 'a@b', extra: { x: 1 } }, ['id']);
    await db('knex_posts').insert([{ user_id: id, body: 'one' }, { user_id: id, body: 'two' }]);
    const rows = await db('knex_users').join('knex_posts', 'knex_users.id', 'knex_posts.user_id')
      .groupBy('email').select('email').count('* as n');
    assert.deepEqual(rows, [{ email: 'a@b', n: '2' }]);
    await db('knex_users').insert({ email: 'a@b', balance: 5 }).onConflict('email').merge();
    assert.equal((await db('knex_users').first()).balance, '5.00');
    await db('knex_users').where({ id }).del();
    assert.equal(Number((await db('knex_posts').count('* as n'))[0].n), 0);
  });
  await check('migrations', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'knex-'));
    writeFileSync(join(folder, '1_a.cjs'), `exports.up = (k) => k.schema.createTable('knex_m', (t) => {
      t.bigIncrements(); t.uuid('u'); }); exports.down = (k) => k.schema.dropTable('knex_m');`);
    const of = { directory: folder, loadExtensions: ['.cjs'] };
    await db.migrate.latest(of);
    assert.equal(await db.schema.hasTable('knex_m'), true);
    await db.migrate.rollback(of);
    assert.equal(await db.schema.hasTable('knex_m'), false);
  });
  await db.destroy();
}

async function kysely() {
  client('kysely');
  const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool(server) }) });
  await check('schema builder, queries', async () => {
    await db.schema.createTable('kysely_t').addColumn('id', 'serial', (c) => c.primaryKey())
      .addColumn('name', 'varchar(20)', (c) => c.notNull()).execute();
    await db.schema.createIndex('kysely_by_name').on('kysely_t').column('name').execute();
    await db.insertInto('kysely_t').values([{ name: 'a' }, { name: 'b' }]).execute();
    const rows = await db.selectFrom('kysely_t').select(({ fn }) => ['name', fn.countAll().as('n')])
      .where('name', '>', 'a').groupBy('name').execute();
    assert.deepEqual(rows, [{ name: 'b', n: '1' }]);
  });
  await check('introspection', async () => {
    const tables = await db.introspection.getTables();
    const found = tables.find((table) => table.name === 'kysely_t');
    assert.deepEqual(found.columns.map((each) => [each.name, each.dataType, each.isNullable,
      each.isAutoIncrementing, each.hasDefaultValue]),
    [['id', 'int4', false, true, true], ['name', 'varchar', false, false, false]]);
    assert.ok((await db.introspection.getSchemas()).some(({ name }) => name === 'public'));
    const { rows } = await kyselySql`SELECT ${1}::int4 AS x`.execute(db);
    assert.deepEqual(rows, [{ x: 1 }]);
  });
  await db.destroy();
}

async function drizzleOrm() {
  client('drizzle-orm');
  const pool = new pg.Pool(server);
  const db = drizzle(pool);
  const t = d.pgTable('drizzle_t', {
    id: d.serial('id').primaryKey(), name: d.text('name').notNull(), n: d.integer('n'),
    at: d.timestamp('at', { withTimezone: true }).defaultNow(),
  });
  await check('insert, select, upsert, transaction', async () => {
    await db.execute(sql`CREATE TABLE drizzle_t (id serial PRIMARY KEY, name text NOT NULL, n int4,
      at timestamptz DEFAULT now())`);
    await db.insert(t).values([{ name: 'a', n: 1 }, { name: 'b', n: 2 }, { name: 'b', n: 3 }]);
    const rows = await db.select({ name: t.name, c: count(), s: sum(t.n) }).from(t)
      .where(and(gt(t.n, 0), eq(t.name, 'b'))).groupBy(t.name).orderBy(desc(t.name));
    assert.deepEqual(rows, [{ name: 'b', c: 2, s: '5' }]);
    await db.insert(t).values({ id: 1, name: 'z' })
      .onConflictDoUpdate({ target: t.id, set: { name: 'z' } });
    await db.transaction(async (tx) => { await tx.update(t).set({ n: 7 }).where(eq(t.id, 1)); });
    assert.deepEqual((await db.select().from(t).where(eq(t.id, 1)))[0].n, 7);
  });
  await pool.end();
  client('drizzle-kit');
  await check('pull', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drizzle-'));
    writeFileSync(join(folder, 'drizzle.config.json'), JSON.stringify({
      dialect: 'postgresql', out: './out', dbCredentials: { url: `${url}?sslmode=disable` },
      schemaFilter: ['public'], tablesFilter: ['drizzle_t', 'knex_*'],
    }));
    const bin = join(import.meta.dirname, 'node_modules/.bin/drizzle-kit');
    const out = execFileSync(bin, ['pull', '--config', 'drizzle.config.json'], { cwd: folder,
      env: { ...env, NODE_PATH: join(import.meta.dirname, 'node_modules') }, encoding: 'utf8' });
    const text = readFileSync(join(folder, 'out/schema.ts'), 'utf8');
    assert.match(text, /drizzleT = pgTable\("drizzle_t"/, out);
    assert.match(text, /foreignKey|references/, text);
    assert.ok(readdirSync(join(folder, 'out')).length > 0);
  });
}

async function typeorm() {
  client('typeorm');
  const user = new EntitySchema({ name: 'TypeormUser', tableName: 'typeorm_user', columns: {
    id: { type: 'int', primary: true, generated: true }, email: { type: 'varchar', unique: true },
    made: { type: 'timestamptz', createDate: true }, score: { type: 'numeric', nullable: true },
  } });
  const post = new EntitySchema({ name: 'TypeormPost', tableName: 'typeorm_post', columns: {
    id: { type: 'int', primary: true, generated: true }, text: { type: 'text' },
  }, relations: { user: { type: 'many-to-one', target: 'TypeormUser', onDelete: 'CASCADE' } },
  indices: [{ columns: ['text'] }] });
  const of = { type: 'postgres', ...server, username: server.user, entities: [user, post],
    synchronize: true };
  await check('schema synchronisation, twice', async () => {
    for (let i = 0; i < 2; i++) {
      const db = new DataSource(of);
      await db.initialize();
      const pending = await db.driver.createSchemaBuilder().log();
      assert.deepEqual(pending.upQueries.map((each) => each.query), []);
      await db.destroy();
    }
  });
  await check('entities, relations, introspection', async () => {
    const db = new DataSource({ ...of, synchronize: false });
    await db.initialize();
    const saved = await db.getRepository('TypeormUser').save({ email: 'a@b', score: '1.5' });
    await db.getRepository('TypeormPost').save([{ text: 'x', user: saved }, { text: 'y', user: saved }]);
    const posts = await db.getRepository('TypeormPost').find({ relations: { user: true } });
    assert.deepEqual(posts.map((each) => each.user.email), ['a@b', 'a@b']);
    const table = await db.createQueryRunner().getTable('typeorm_post');
    assert.deepEqual([table.foreignKeys.length, table.indices.length,
      table.columns.map(({ name, type, isGenerated }) => [name, type, isGenerated])],
    [1, 1, [['id', 'integer', true], ['text', 'text', false], ['userId', 'integer', false]]]);
    await db.getRepository('TypeormUser').delete({ email: 'a@b' });
    assert.equal(await db.getRepository('TypeormPost').count(), 0);
    await db.destroy();
  });
}

async function sequelize() {
  client('sequelize');
  const db = new Sequelize.Sequelize(url, { logging: false });
  await check('sync, models, describe', async () => {
    const Shop = db.define('Shop', { name: Sequelize.DataTypes.STRING,
      open: { type: Sequelize.DataTypes.BOOLEAN, defaultValue: true } }, { tableName: 'seq_shop' });
    const Item = db.define('Item', { price: Sequelize.DataTypes.DECIMAL(8, 2) },
      { tableName: 'seq_item' });
    Shop.hasMany(Item);
    Item.belongsTo(Shop);
    await db.sync();
    await db.sync({ alter: true });
    const shop = await Shop.create({ name: 's', Items: [{ price: 3 }] }, { include: [Item] });
    assert.equal((await Item.findOne({ include: Shop })).Shop.name, 's');
    await shop.update({ open: false });
    const described = await db.getQueryInterface().describeTable('seq_shop');
    assert.deepEqual([described.id.primaryKey, described.name.type], [true, 'CHARACTER VARYING(255)']);
    const indexes = await db.getQueryInterface().showIndex('seq_shop');
    assert.deepEqual(indexes.map(({ name, primary }) => [name, primary]), [['seq_shop_pkey', true]]);
    const keys = await db.getQueryInterface().getForeignKeyReferencesForTable('seq_item');
    assert.equal(keys.length, 1);
  });
  await db.close();
}

const all = { pg: nodePostgres, postgres: postgresJs, knex, kysely, drizzle: drizzleOrm, typeorm,
  sequelize };
for (const [name, body] of Object.entries(all)) {
  if (process.argv.length > 2 && !process.argv.includes(name)) continue;
  await check(`${name} as a whole`, body);
}
