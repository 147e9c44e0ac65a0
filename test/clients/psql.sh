#!/usr/bin/env bash
# psql's backslash commands, scripts, \copy and cursor fetch against the server of PGHOST and PGPORT;
# then pgbench with a script of its own. Argument: the psql to use. Prints lines for `run`.
psql=${1:-psql}
pgbench=${2:-pgbench}
export PAGER=cat
echo "client psql $("$psql" --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)"
schema=psql_$("$psql" --version | grep -oE '[0-9]+' | head -n 1)
ask() { "$psql" -X -v ON_ERROR_STOP=1 -q "$@" 2>&1; }
check() {
  local name=$1 expected=$2
  shift 2
  local out
  if out=$("$@") && grep -qE -- "$expected" <<<"$out"; then echo "ok $name"
  else echo "not ok $name: $(tr '\n' ' ' <<<"$out" | cut -c1-400)"; fi
}
check "a schema" "" ask <<E2
CREATE SCHEMA $schema;
SET search_path = $schema, public;
CREATE TABLE t (id serial PRIMARY KEY, a int4 NOT NULL, b text DEFAULT 'x', c numeric(8,2) CHECK (c > 0), UNIQUE (a, b));
CREATE TABLE r (t int4 REFERENCES t (id) ON DELETE CASCADE, k int8 GENERATED ALWAYS AS IDENTITY);
CREATE VIEW v AS SELECT a FROM t;
CREATE MATERIALIZED VIEW m AS SELECT a, count(*) AS n FROM t GROUP BY a;
CREATE INDEX t_b ON t (b DESC);
CREATE SEQUENCE s INCREMENT 5;
CREATE FUNCTION f(x int4) RETURNS int4 LANGUAGE sql AS 'SELECT x + 1';
CREATE ROLE ${schema}_role LOGIN;
GRANT SELECT, INSERT ON t TO ${schema}_role WITH GRANT OPTION;
COMMENT ON TABLE t IS 'a table';
COMMENT ON COLUMN t.a IS 'a column';
INSERT INTO t (a) SELECT generate_series(1, 100);
E2
export PGOPTIONS="-c search_path=$schema,public"
commands='\d|\d t|\d+ t|\d r|\d v|\d+ v|\d m|\d+ m|\d s|\d t_pkey|\d+ t_b|\dt|\dt+|\dti|\di|\di+|\dv|\dv+|\dm|\dm+|\ds|\ds+|\dE|\dp|\z|\dp t|\du|\du+|\dg|\drg|\dn|\dn+|\df|\df+|\df f|\dfa sum|\dfw|\da|\da max|\dT|\dT+ int4|\do +|\dO|\dC|\dc|\dD|\dd|\dF|\dFd|\dFp|\dFt|\dL|\dL+|\dA|\dA+|\dAc|\dAf|\dAo|\dAp|\db|\db+|\des|\deu|\dew|\det|\dx|\dy|\dX|\dl|\l|\l+|\dconfig|\dconfig work*|\dRp|\dRs|\dP|\ddp|\drds|\sf f|\sf+ f|\sv v|\sv+ v|\conninfo|\encoding|\dt pg_catalog.pg_c*|\d pg_catalog.pg_class|\d information_schema.tables|\dS pg_am|\dtS|\dvS pg_st*|\dT *.*|\dn *|\set|\errverbose|\timing'
IFS='|' read -ra list <<<"$commands"
for command in "${list[@]}"; do
  case $schema$command in psql_15'\drg') continue ;; esac
  check "$command" "" ask -c "$command"
done
check '\d shows keys, checks, references' 'FOREIGN KEY .t. REFERENCES' ask -c '\d t'
check '\dp shows privileges' "${schema}_role=a\*r\*/|${schema}_role=r\*a\*/" ask -c '\dp t'
check '\gdesc' 'numeric' ask <<'E2'
SELECT c, a FROM t \gdesc
E2
check '\gset, \if, \gexec, \crosstabview' '101' ask <<'E2'
SELECT count(*) + 1 AS n FROM t \gset
\if :{?n}
SELECT 'SELECT ' || :n \gexec
\endif
SELECT a % 2 AS x, a % 3 AS y, count(*) FROM t GROUP BY 1, 2 \crosstabview
E2
check '\copy in and out' '^77' ask <<'E2'
\copy t (id, a) from pstdin with (format csv)
7700,7777
\.
\copy (select a from t where id = 7700) to stdout csv
E2
check 'binary \copy' '^102$' ask -At <<E2
\\copy t to '/tmp/$schema.$$.bin' with binary
CREATE TABLE t2 (LIKE t);
\\copy t2 from '/tmp/$schema.$$.bin' with binary
\\! rm -f /tmp/$schema.$$.bin
SELECT count(*) + 1 FROM t2;
E2
check 'FETCH_COUNT' '^100$' ask -At -v FETCH_COUNT=7 -c 'SELECT a FROM t ORDER BY a'
check 'ON_ERROR_ROLLBACK' '^2$' ask -At -v ON_ERROR_STOP=0 -v ON_ERROR_ROLLBACK=on <<'E2'
BEGIN;
SELECT 1 / 0;
SELECT 2;
COMMIT;
E2
check 'formats' '<td' ask -H -c 'SELECT a FROM t LIMIT 1'
case $schema in psql_15) ;; *)
  check '\bind, \parse, pipeline' '^9$' ask -At <<'E2'
SELECT $1::int4 + 4 \bind 5 \g
E2
  ;;
esac
unset PGOPTIONS

if command -v "$pgbench" >/dev/null; then
  echo "client pgbench $("$pgbench" --version | grep -oE '[0-9]+\.[0-9]+' | head -n 1)"
  script=$(mktemp)
  cat >"$script" <<'E2'
\set k random(1, 100)
BEGIN;
UPDATE bench SET v = v + 1 WHERE k = :k;
SELECT v FROM bench WHERE k = :k \gset
INSERT INTO bench_log VALUES (:k, :v);
END;
E2
  ask -c 'CREATE TABLE IF NOT EXISTS bench (k int4 PRIMARY KEY, v int8)' \
    -c 'CREATE TABLE IF NOT EXISTS bench_log (k int4, v int8)' \
    -c 'INSERT INTO bench SELECT generate_series(1, 100), 0 ON CONFLICT DO NOTHING'
  for mode in simple extended prepared; do
    check "custom script, $mode" 'number of transactions actually processed: 80/80' \
      "$pgbench" -n -M "$mode" -f "$script" -c 4 -t 20 --max-tries 50
  done
  check "look-ups" 'number of transactions actually processed: 400/400' \
    "$pgbench" -n -M prepared -f <(printf '\\set k random(1, 100)\nSELECT v FROM bench WHERE k = :k;\n') -c 8 -t 50
  rm -f "$script"
fi
