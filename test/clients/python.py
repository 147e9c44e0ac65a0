"""Python clients against the server named by PGHOST, PGPORT, PGUSER, PGDATABASE: psycopg2, psycopg 3,
asyncpg, SQLAlchemy, Alembic, pandas, Django, ODBC (pyodbc), pgcli. Prints lines for `run`."""
import asyncio
import datetime
import decimal
import importlib.metadata
import io
import os
import subprocess
import sys
import traceback
import uuid

HOST, PORT = os.environ['PGHOST'], os.environ['PGPORT']
USER, DATABASE = os.environ['PGUSER'], os.environ['PGDATABASE']
DSN = f'host={HOST} port={PORT} user={USER} dbname={DATABASE}'
URL = f'{USER}@{HOST}:{PORT}/{DATABASE}'


def client(name):
    print('client', name, importlib.metadata.version(name))


def check(name, body):
    try:
        body()
        print('ok', name)
    except Exception as error:  # every failure is a line of the report
        where = traceback.extract_tb(error.__traceback__)
        lines = [f'{each.name}:{each.lineno}' for each in where if each.filename == __file__]
        print('not ok', name + ':', type(error).__name__, str(error).replace('\n', ' | ')[:600],
              ' '.join(lines))
    sys.stdout.flush()


def same(found, expected):
    assert found == expected, f'{found!r} is not {expected!r}'


def psycopg2_checks():
    import psycopg2
    import psycopg2.extras
    client('psycopg2-binary')
    db = psycopg2.connect(DSN)
    cur = db.cursor()

    def types():
        psycopg2.extras.register_uuid()
        values = [(True, 'bool'), (7, 'int4'), (2 ** 40, 'int8'), (1.5, 'float8'),
                  (decimal.Decimal('1.50'), 'numeric'), ("o'b\\", 'text'),
                  (datetime.date(2024, 2, 29), 'date'),
                  (datetime.datetime(2024, 1, 1, 12, 30, 1, 5), 'timestamp'),
                  (datetime.timedelta(days=2, seconds=5), 'interval'), (uuid.UUID(int=5), 'uuid'),
                  ([1, 2], 'int4[]'), (['a', None], 'text[]'), (None, 'int4')]
        for value, name in values:
            cur.execute(f'SELECT %s::{name}', (value,))
            same(cur.fetchone()[0], value)
        cur.execute("SELECT '{\"a\": [1]}'::jsonb, %s::bytea", (psycopg2.Binary(b'\0\xff'),))
        row = cur.fetchone()
        same((row[0], bytes(row[1])), ({'a': [1]}, b'\0\xff'))

    def changes():
        cur.execute('CREATE TABLE py2 (id serial PRIMARY KEY, name text UNIQUE)')
        psycopg2.extras.execute_values(cur, 'INSERT INTO py2 (name) VALUES %s RETURNING id',
                                       [('a',), ('b',)])
        same(cur.fetchall(), [(1,), (2,)])
        db.commit()
        try:
            cur.execute("INSERT INTO py2 (name) VALUES ('a')")
        except psycopg2.errors.UniqueViolation as error:
            same((error.diag.table_name, error.diag.constraint_name), ('py2', 'py2_name_key'))
        db.rollback()
        cur.execute('SELECT count(*) FROM py2')
        same(cur.fetchone()[0], 2)

    def server_side():
        with db.cursor('named') as named:
            named.itersize = 7
            named.execute('SELECT generate_series(1, 50)')
            same(sum(row[0] for row in named), 1275)
        with db.cursor('back', scrollable=True) as named:
            named.execute('SELECT generate_series(1, 10)')
            named.scroll(8, 'absolute')
            same(named.fetchone(), (9,))
            named.scroll(-4)
            same(named.fetchone(), (6,))

    def copying():
        cur.copy_expert('COPY py2 (id, name) FROM STDIN WITH CSV', io.StringIO('10,x\n11,"y,z"\n'))
        out = io.StringIO()
        cur.copy_to(out, 'py2', columns=('id', 'name'))
        same(out.getvalue(), '1\ta\n2\tb\n10\tx\n11\ty,z\n')
        db.commit()

    def sessions():
        db.set_session(isolation_level='REPEATABLE READ', readonly=True)
        cur.execute('SHOW transaction_isolation')
        same(cur.fetchone()[0], 'repeatable read')
        db.rollback()
        db.set_session(isolation_level='DEFAULT', readonly=False, autocommit=True)
        cur.execute('LISTEN c2')
        cur.execute("NOTIFY c2, 'hi'")
        db.poll()
        same(db.notifies[0].payload, 'hi')
        same(db.get_dsn_parameters()['dbname'], DATABASE)

    for name, body in [('types both ways', types), ('changes, errors, rollback', changes),
                       ('named cursors', server_side), ('copy', copying),
                       ('session characteristics, notify', sessions)]:
        check(name, body)
    db.close()


def psycopg3_checks():
    import psycopg
    from psycopg.rows import dict_row
    client('psycopg')
    print('client', 'libpq', psycopg.pq.version())
    db = psycopg.connect(DSN, autocommit=True)

    def types():
        values = [True, 5, 2 ** 40, 1.25, decimal.Decimal('12.3400'), 'text', b'\0\1',
                  datetime.date(2024, 2, 29), datetime.time(1, 2, 3, 4),
                  datetime.datetime(2024, 1, 1, 1, 2, 3, 9),
                  datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
                  datetime.timedelta(days=1, microseconds=7), uuid.UUID(int=9), [1, None, 3],
                  ['a', 'b'], None]
        for binary in (False, True):
            for form in ('%s', '%b', '%t'):
                for value in values:
                    if form != '%b' and value == ['a', 'b']:
                        continue  # an array in text without a type is text
                    row = db.execute(f'SELECT {form}', [value], binary=binary).fetchone()
                    same(row[0], value)

    def copying():
        with db.cursor() as cur:
            cur.execute('CREATE TABLE py3 (id int4, v numeric, at timestamptz, t text[], b bytea)')
            rows = [(i, decimal.Decimal(i) / 4, datetime.datetime(2024, 1, 1 + i % 28,
                     tzinfo=datetime.timezone.utc), ['a', None], bytes([i % 256]))
                    for i in range(300)]
            with cur.copy('COPY py3 FROM STDIN (FORMAT BINARY)') as copy:
                copy.set_types(['int4', 'numeric', 'timestamptz', 'text[]', 'bytea'])
                for row in rows:
                    copy.write_row(row)
            with cur.copy('COPY (SELECT * FROM py3 ORDER BY id) TO STDOUT (FORMAT BINARY)') as copy:
                copy.set_types(['int4', 'numeric', 'timestamptz', 'text[]', 'bytea'])
                same(list(copy.rows()), rows)
            with cur.copy('COPY py3 (id) FROM STDIN') as copy:
                copy.write_row((1000,))
            same(cur.execute('SELECT count(*) FROM py3').fetchone()[0], 301)

    def pipeline():
        with db.pipeline() as pipe:
            cursors = [db.execute('SELECT %s::int4', [i]) for i in range(500)]
            pipe.sync()
            same([cur.fetchone()[0] for cur in cursors], list(range(500)))
        try:
            with db.pipeline():
                db.execute('SELECT 1')
                db.execute('SELECT 1/0')
                db.execute('SELECT 2')
            raise AssertionError('no error')
        except psycopg.errors.DivisionByZero:
            pass

    def cursors():
        with db.transaction():
            with db.cursor('s', row_factory=dict_row) as cur:
                cur.execute('SELECT i FROM generate_series(1, 40) AS s(i)')
                same(cur.fetchmany(3), [{'i': 1}, {'i': 2}, {'i': 3}])
                cur.scroll(10)
                same(cur.fetchone(), {'i': 14})
        same(sum(row[0] for row in db.cursor().stream('SELECT generate_series(1, 100)')), 5050)

    def prepared():
        for i in range(12):
            same(db.execute('SELECT %s::int8 * 2', [i]).fetchone()[0], i * 2)
        found = db.execute('SELECT count(*) FROM pg_prepared_statements').fetchone()[0]
        assert found >= 1, found

    def nested():
        db.execute('CREATE TABLE py3_tx (i int4 PRIMARY KEY)')
        with db.transaction():
            db.execute('INSERT INTO py3_tx VALUES (1)')
            try:
                with db.transaction():
                    db.execute('INSERT INTO py3_tx VALUES (1)')
            except psycopg.errors.UniqueViolation:
                pass
        same(db.execute('SELECT array_agg(i) FROM py3_tx').fetchone()[0], [1])
        cur = db.cursor()
        cur.executemany('INSERT INTO py3_tx VALUES (%s) RETURNING i', [(2,), (3,)], returning=True)
        same((cur.fetchone(), cur.nextset(), cur.fetchone()), ((2,), True, (3,)))

    def cancelling():
        import threading
        timer = threading.Timer(0.2, db.cancel_safe)
        timer.start()
        try:
            db.execute('SELECT pg_sleep(20)')
            raise AssertionError('no error')
        except psycopg.errors.QueryCanceled:
            pass

    def type_info():
        from psycopg.types import TypeInfo
        same(TypeInfo.fetch(db, 'numeric').oid, 1700)
        same(TypeInfo.fetch(db, 'nothing_like_it'), None)
        from psycopg.types.json import Jsonb
        same(db.execute('SELECT %s', [Jsonb({'a': 1})]).fetchone()[0], {'a': 1})

    def live():
        db.execute('CREATE MATERIALIZED VIEW py3_v AS SELECT count(*) AS n FROM py3_tx')
        other = psycopg.connect(DSN, autocommit=True)
        with db.cursor().copy('COPY (SUBSCRIBE py3_v) TO STDOUT') as copy:
            rows = copy.rows()
            same(next(rows)[2], '3')
            other.execute('INSERT INTO py3_tx VALUES (77)')
            same({next(rows)[1:] for _ in range(2)}, {('1', '4'), ('-1', '3')})
            db.cancel_safe()
            try:
                for _ in rows:
                    pass
            except psycopg.errors.QueryCanceled:
                pass

    for name, body in [('types, text and binary both ways', types), ('copy, text and binary', copying),
                       ('pipeline', pipeline), ('server cursors, single rows', cursors),
                       ('prepared after five runs', prepared), ('nested transactions', nested),
                       ('cancel', cancelling), ('type information', type_info),
                       ('a subscription by COPY', live)]:
        check(name, body)
    db.close()


def asyncpg_checks():
    import asyncpg
    client('asyncpg')
    loop = asyncio.new_event_loop()
    connect = {'host': HOST, 'port': int(PORT), 'user': USER, 'database': DATABASE}
    db = loop.run_until_complete(asyncpg.connect(**connect))

    def later(make):
        return lambda: loop.run_until_complete(make())

    async def types():
        values = [('bool', True), ('int2', -3), ('int8', 2 ** 60), ('float4', 1.5), ('text', 'ä'),
                  ('numeric', decimal.Decimal('1e-10')), ('bytea', b'\1'), ('uuid', uuid.UUID(int=3)),
                  ('date', datetime.date(2000, 1, 1)), ('time', datetime.time(1, 2)),
                  ('timestamp', datetime.datetime(1999, 12, 31, 23)), ('jsonb', '{"a": 1}'),
                  ('timestamptz', datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)),
                  ('interval', datetime.timedelta(days=3, seconds=1)), ('int4[]', [1, None]),
                  ('text[]', []), ('int4[]', [[1, 2], [3, 4]]), ('json', '[]'), ('varchar', 'x')]
        for name, value in values:
            same(await db.fetchval(f'SELECT $1::{name}', value), value)
        row = await db.fetchrow("SELECT ROW(1, 'a'::text) AS r")
        same(tuple(row['r']), (1, 'a'))

    async def changes():
        await db.execute('CREATE TABLE asy (id int4 PRIMARY KEY, name text, v numeric)')
        await db.executemany('INSERT INTO asy VALUES ($1, $2, $3)',
                             [(i, str(i), decimal.Decimal(i)) for i in range(100)])
        async with db.transaction():
            seen = 0
            async for _row in db.cursor('SELECT * FROM asy', prefetch=13):
                seen += 1
            same(seen, 100)
            cur = await db.cursor('SELECT id FROM asy ORDER BY id')
            await cur.forward(10)
            same((await cur.fetchrow())['id'], 10)
        try:
            async with db.transaction(isolation='serializable'):
                await db.execute('INSERT INTO asy VALUES (1)')
        except asyncpg.UniqueViolationError as error:
            same(error.constraint_name, 'asy_pkey')

    async def copying():
        await db.copy_records_to_table('asy', records=[(500, 'r', decimal.Decimal('0.5'))])
        out = io.BytesIO()
        await db.copy_from_query('SELECT id, name FROM asy WHERE id > $1 ORDER BY id', 98,
                                 output=out, format='csv')
        same(out.getvalue(), b'99,99\n500,r\n')
        await db.copy_to_table('asy', source=io.BytesIO(b'600,x,1\n'), format='csv')
        same(await db.fetchval('SELECT count(*) FROM asy'), 102)

    async def pool():
        async with asyncpg.create_pool(**connect, min_size=2, max_size=4) as many:
            rows = await asyncio.gather(*(many.fetchval('SELECT $1::int4', i) for i in range(30)))
            same(rows, list(range(30)))

    async def meta():
        statement = await db.prepare('SELECT id, name, v FROM asy WHERE id = $1')
        same([each.type.name for each in statement.get_attributes()], ['int4', 'text', 'numeric'])
        same([each.name for each in statement.get_parameters()], ['int4'])
        heard = loop.create_future()
        await db.add_listener('asy_c', lambda *got: heard.set_result(got[3]))
        await db.execute("NOTIFY asy_c, 'p'")
        same(await asyncio.wait_for(heard, 5), 'p')
        try:
            await db.fetch('SELECT pg_sleep(20)', timeout=0.2)
        except TimeoutError:
            pass
        await db.reset()

    for name, body in [('types, binary', types), ('changes, cursors, errors', changes),
                       ('copy, binary and csv', copying), ('pool', pool),
                       ('describe, notify, timeout, reset', meta)]:
        check(name, later(body))
    loop.run_until_complete(db.close())


def sqlalchemy_checks():
    import sqlalchemy as sa
    from sqlalchemy import orm
    client('SQLAlchemy')
    for dialect in ('psycopg2', 'psycopg', 'asyncpg'):
        if dialect == 'asyncpg':
            from sqlalchemy.ext.asyncio import create_async_engine

            async def ask():
                engine = create_async_engine(f'postgresql+asyncpg://{URL}')
                async with engine.connect() as db:
                    found = (await db.execute(sa.text('SELECT :x + 1'), {'x': 1})).scalar()
                await engine.dispose()
                same(found, 2)
            check('asyncpg dialect', lambda ask=ask: asyncio.run(ask()))
            continue
        engine = sa.create_engine(f'postgresql+{dialect}://{URL}')
        meta = sa.MetaData()
        users = sa.Table(f'sa_user_{dialect}', meta, sa.Column('id', sa.Integer, primary_key=True),
                         sa.Column('name', sa.String(40), nullable=False, unique=True),
                         sa.Column('balance', sa.Numeric(10, 2), server_default='0'),
                         sa.Column('made', sa.DateTime(timezone=True), server_default=sa.func.now()),
                         sa.Column('tags', sa.ARRAY(sa.Text)), sa.Column('extra', sa.JSON),
                         sa.CheckConstraint('balance >= 0', name=f'sa_positive_{dialect}'),
                         comment='people')
        posts = sa.Table(f'sa_post_{dialect}', meta,
                         sa.Column('id', sa.BigInteger, sa.Identity(), primary_key=True),
                         sa.Column('user_id', sa.ForeignKey(users.c.id, ondelete='CASCADE')),
                         sa.Column('body', sa.Text, index=True, comment='what it says'))

        def reflection():
            meta.create_all(engine)
            again = sa.MetaData()
            again.reflect(engine, only=[users.name, posts.name])
            found = again.tables[users.name]
            same([type(each.type).__name__ for each in found.c],
                 ['INTEGER', 'VARCHAR', 'NUMERIC', 'TIMESTAMP', 'ARRAY', 'JSON'])
            same(found.comment, 'people')
            same((found.c.name.type.length, found.c.name.nullable), (40, False))
            assert 'nextval' in str(found.c.id.server_default.arg), found.c.id.server_default
            other = again.tables[posts.name]
            key = next(iter(other.foreign_keys))
            same((key.column.table.name, key.ondelete), (users.name, 'CASCADE'))
            assert other.c.id.identity is not None
            inspector = sa.inspect(engine)
            same([each['column_names'] for each in inspector.get_indexes(posts.name)], [['body']])
            same([each['name'] for each in inspector.get_check_constraints(users.name)],
                 [f'sa_positive_{dialect}'])
            same([each['column_names'] for each in inspector.get_unique_constraints(users.name)],
                 [['name']])
            same(inspector.get_pk_constraint(users.name)['constrained_columns'], ['id'])
            assert 'public' in inspector.get_schema_names()
            with engine.begin() as db:
                db.execute(sa.text(f'CREATE MATERIALIZED VIEW sa_v_{dialect} AS SELECT count(*) AS n '
                                   f'FROM {users.name}'))
            inspector = sa.inspect(engine)
            assert f'sa_v_{dialect}' in inspector.get_materialized_view_names()
            assert 'count(' in inspector.get_view_definition(f'sa_v_{dialect}')
            same([each['name'] for each in inspector.get_columns(f'sa_v_{dialect}')], ['n'])
            same([each['enabled'] if 'enabled' in each else None for each in inspector.get_enums()], [])

        def mapping():
            class Base(orm.DeclarativeBase):
                metadata = meta

            class User(Base):
                __table__ = users
                posts: orm.Mapped[list['Post']] = orm.relationship(cascade='all, delete')

            class Post(Base):
                __table__ = posts

            with orm.Session(engine) as session:
                session.add_all([User(name=f'u{i}', tags=['x'], extra={'i': i},
                                      posts=[Post(body=str(k)) for k in range(3)]) for i in range(5)])
                session.commit()
                found = session.scalars(sa.select(User).options(orm.selectinload(User.posts))
                                        .order_by(User.name)).all()
                same([(each.extra['i'], len(each.posts)) for each in found], [(i, 3) for i in range(5)])
                session.delete(found[0])
                session.commit()
                same(session.scalar(sa.select(sa.func.count()).select_from(Post)), 12)
                with session.begin_nested() as nested:
                    session.add(User(name='gone'))
                    session.flush()
                    nested.rollback()
                same(session.scalar(sa.select(sa.func.count()).select_from(User)), 4)

        def streaming():
            from sqlalchemy.dialects.postgresql import insert
            with engine.connect() as db:
                rows = db.execution_options(stream_results=True, yield_per=10).execute(
                    sa.text('SELECT generate_series(1, 95)'))
                same(sum(row[0] for row in rows), 4560)
            with engine.begin() as db:
                values = insert(users).values(name='u1', balance=5)
                db.execute(values.on_conflict_do_update(index_elements=['name'],
                                                        set_={'balance': values.excluded.balance}))
                same(db.scalar(sa.select(users.c.balance).where(users.c.name == 'u1')),
                     decimal.Decimal('5.00'))

        check(f'{dialect}: create, reflect', reflection)
        check(f'{dialect}: mapped classes', mapping)
        check(f'{dialect}: streams, upsert', streaming)
        engine.dispose()


def alembic_checks():
    import sqlalchemy as sa
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    client('alembic')

    def changes():
        engine = sa.create_engine(f'postgresql+psycopg://{URL}')
        with engine.begin() as db:
            db.execute(sa.text('CREATE SCHEMA alembic_s'))
            db.execute(sa.text('SET search_path = alembic_s'))
            context = MigrationContext.configure(db, opts={'compare_type': True,
                                                           'compare_server_default': True})
            op = Operations(context)
            op.create_table('al', sa.Column('id', sa.Integer, primary_key=True),
                            sa.Column('a', sa.String(10)))
            op.add_column('al', sa.Column('b', sa.Integer, server_default='3'))
            op.alter_column('al', 'a', type_=sa.String(20))
            op.create_index('al_b', 'al', ['b'])
            meta = sa.MetaData()
            sa.Table('al', meta, sa.Column('id', sa.Integer, primary_key=True),
                     sa.Column('a', sa.String(20)),
                     sa.Column('b', sa.Integer, server_default='3', index=False),
                     sa.Index('al_b', 'b'))
            same(compare_metadata(context, meta), [])
        engine.dispose()
    check('migration, autogenerate finds no difference', changes)


def pandas_checks():
    import pandas
    import sqlalchemy as sa
    client('pandas')

    def frames():
        engine = sa.create_engine(f'postgresql+psycopg2://{URL}')
        frame = pandas.DataFrame({'k': [1, 2, 3], 'v': [1.5, None, 2.5], 't': ['a', 'b', None],
                                  'd': pandas.to_datetime(['2024-01-01', '2024-01-02', '2024-01-03'])})
        same(frame.to_sql('pandas_t', engine, index=False), 3)
        frame.to_sql('pandas_t', engine, index=False, if_exists='append', method='multi')
        found = pandas.read_sql('SELECT k, sum(v) AS s FROM pandas_t GROUP BY k ORDER BY k', engine)
        same(found.k.tolist(), [1, 2, 3])
        same(len(pandas.read_sql_table('pandas_t', engine)), 6)
        frame.to_sql('pandas_t', engine, index=False, if_exists='replace')
        same(sum(len(each) for each in pandas.read_sql('SELECT * FROM pandas_t', engine,
                                                       chunksize=2)), 3)
        engine.dispose()
    check('to_sql, read_sql, read_sql_table', frames)


def django_checks():
    import django
    from django.conf import settings
    client('Django')
    settings.configure(DATABASES={'default': {
        'ENGINE': 'django.db.backends.postgresql', 'HOST': HOST, 'PORT': PORT, 'USER': USER,
        'NAME': DATABASE}}, INSTALLED_APPS=['django.contrib.contenttypes', 'django.contrib.auth'],
        USE_TZ=True, DEFAULT_AUTO_FIELD='django.db.models.BigAutoField')
    django.setup()
    from django.core.management import call_command

    def migrate():
        call_command('migrate', verbosity=0)
        call_command('migrate', verbosity=0)
        out = io.StringIO()
        call_command('showmigrations', stdout=out)
        assert '[ ]' not in out.getvalue(), out.getvalue()

    def models():
        from django.contrib.auth.models import Group, User
        from django.db import transaction
        from django.db.models import Count
        user = User.objects.create_user('ann', 'a@b.c', 'pw')
        user.groups.add(Group.objects.create(name='g'))
        same(User.objects.filter(groups__name='g').annotate(n=Count('groups')).get().n, 1)
        try:
            with transaction.atomic():
                User.objects.create_user('ann')
        except django.db.IntegrityError:
            pass
        same(sum(1 for _ in User.objects.all().iterator(chunk_size=1)), 1)
        user.delete()

    def inspect():
        out = io.StringIO()
        call_command('inspectdb', 'auth_user', 'auth_permission', stdout=out)
        text = out.getvalue()
        assert "username = models.CharField(unique=True, max_length=150)" in text, text
        assert "content_type = models.ForeignKey" in text, text
        assert "unique_together = (('content_type', 'codename'),)" in text, text
        assert 'id = models.IntegerField' not in text, text

    check('migrate', migrate)
    check('models, transactions', models)
    check('inspectdb', inspect)


def odbc_checks():
    import pyodbc
    client('pyodbc')
    pyodbc.pooling = False
    driver = os.environ.get('ODBC_DRIVER', 'PostgreSQL Unicode')
    text = f'DRIVER={{{driver}}};SERVER={HOST};PORT={PORT};UID={USER};DATABASE={DATABASE}'
    db = pyodbc.connect(text, autocommit=True)
    print('client', 'psqlodbc', db.getinfo(pyodbc.SQL_DRIVER_VER))
    cur = db.cursor()

    def catalog():
        cur.execute('CREATE TABLE odbc_t (id int4 PRIMARY KEY, name varchar(20) NOT NULL, '
                    'v numeric(8,2), at timestamp)')
        cur.execute('CREATE TABLE odbc_r (t int4 REFERENCES odbc_t (id))')
        cur.execute('CREATE MATERIALIZED VIEW odbc_v AS SELECT count(*) AS n FROM odbc_t')
        same([(each.table_name, each.table_type) for each in cur.tables('odbc_%').fetchall()
              ], [('odbc_r', 'TABLE'), ('odbc_t', 'TABLE'), ('odbc_v', 'MATVIEW')])
        columns = cur.columns('odbc_t').fetchall()
        same([(each.column_name, each.type_name, each.column_size, each.nullable)
              for each in columns], [('id', 'int4', 10, 0), ('name', 'varchar', 20, 0),
                                     ('v', 'numeric', 8, 1), ('at', 'timestamp', 26, 1)])
        same([each.column_name for each in cur.primaryKeys('odbc_t').fetchall()], ['id'])
        same([each.fkcolumn_name for each in cur.foreignKeys('odbc_t').fetchall()], ['t'])
        assert any(each.index_name == 'odbc_t_pkey' for each in cur.statistics('odbc_t'))
        assert len(cur.getTypeInfo().fetchall()) > 10
        cur.procedures().fetchall()

    def statements():
        cur.executemany('INSERT INTO odbc_t VALUES (?, ?, ?, ?)', [
            (i, f'n{i}', decimal.Decimal(i) / 4, datetime.datetime(2024, 1, 1, i)) for i in range(20)])
        row = cur.execute('SELECT * FROM odbc_t WHERE id = ?', 7).fetchone()
        same(tuple(row), (7, 'n7', decimal.Decimal('1.75'), datetime.datetime(2024, 1, 1, 7)))
        same([each[0] for each in row.cursor_description], ['id', 'name', 'v', 'at'])
        same(cur.execute('SELECT n FROM odbc_v').fetchval(), 20)
        try:
            cur.execute('SELECT * FROM nothing')
        except pyodbc.ProgrammingError as error:
            same(error.args[0], '42P01')

    def blocks():
        with pyodbc.connect(f'{text};UseDeclareFetch=1;Fetch=7') as other:
            found = other.execute('SELECT id FROM odbc_t ORDER BY id').fetchall()
            same([each.id for each in found], list(range(20)))
            other.execute('DELETE FROM odbc_t WHERE id = 1')
            other.rollback()
        same(cur.execute('SELECT count(*) FROM odbc_t').fetchval(), 20)

    check('SQLTables, SQLColumns, keys, statistics', catalog)
    check('parameters, results, errors', statements)
    check('transactions, cursor fetch', blocks)
    db.close()

    def isql():
        with open(os.path.join(os.environ.get('TMPDIR', '/tmp'), f'odbc-{os.getpid()}.ini'), 'w') as ini:
            ini.write(f'[tm]\nDriver={driver}\nServername={HOST}\nPort={PORT}\nDatabase={DATABASE}\n'
                      f'Username={USER}\n')
        out = subprocess.run(['isql', 'tm', '-b', '-x|'], input='SELECT n FROM odbc_v\nhelp odbc_t\n',
                             capture_output=True, text=True, timeout=20,
                             env={**os.environ, 'ODBCINI': ini.name})
        os.unlink(ini.name)
        assert '20' in out.stdout and 'numeric' in out.stdout, out.stdout + out.stderr
    check('isql', isql)


def pgcli_checks():
    client('pgcli')

    def completion():
        from pgcli.pgexecute import PGExecute
        execute = PGExecute(DATABASE, USER, None, HOST, PORT, None)
        execute.run('CREATE TABLE pgcli_t (id int4 PRIMARY KEY, name text DEFAULT \'x\')')
        list(execute.run('CREATE TABLE pgcli_t (id int4 PRIMARY KEY, name text DEFAULT \'x\')'))
        list(execute.run('CREATE MATERIALIZED VIEW pgcli_v AS SELECT count(*) AS n FROM pgcli_t'))
        assert 'public' in list(execute.schemata())
        assert ('public', 'pgcli_t') in list(execute.tables())
        assert ('public', 'pgcli_v') in list(execute.views())
        found = [each for each in execute.table_columns() if each[1] == 'pgcli_t']
        same(found, [('public', 'pgcli_t', 'id', 'integer', False, None),
                     ('public', 'pgcli_t', 'name', 'text', True, "'x'::text")])
        list(execute.view_columns())
        list(execute.foreignkeys())
        assert len(list(execute.functions())) > 500
        list(execute.datatypes())
        assert DATABASE in list(execute.databases())
        list(execute.casing())

    def commands():
        out = subprocess.run([os.path.join(os.path.dirname(sys.executable), 'pgcli'), '-h', HOST, '-p',
                              PORT, '-U', USER, DATABASE, '-w'],
                             input='\\dt\n\\d pgcli_t\n\\l\n\\dn\n\\du\n\\df upper\n\\dx\nSELECT 41 + 1;\n',
                             capture_output=True, text=True, timeout=60,
                             env={**os.environ, 'PAGER': 'cat', 'TERM': 'dumb'})
        text = out.stdout + out.stderr
        assert '42' in text and 'pgcli_t_pkey' in text, text
        assert 'does not exist' not in text and 'rror' not in text, text

    check('completion', completion)
    check('commands', commands)


ALL = {'psycopg2': psycopg2_checks, 'psycopg': psycopg3_checks, 'asyncpg': asyncpg_checks,
       'sqlalchemy': sqlalchemy_checks, 'alembic': alembic_checks, 'pandas': pandas_checks,
       'django': django_checks, 'odbc': odbc_checks, 'pgcli': pgcli_checks}
for each, checks in ALL.items():
    if len(sys.argv) > 1 and each not in sys.argv[1:]:
        continue
    check(f'{each} as a whole', checks)
