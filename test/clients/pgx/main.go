// pgx and database/sql against the server named by the usual PG variables. Prints lines for `run`.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/lib/pq"
)

var ctx = context.Background()

func check(name string, body func() error) {
	if err := body(); err != nil {
		fmt.Printf("not ok %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
	} else {
		fmt.Printf("ok %s\n", name)
	}
}

func same(found, expected any) error {
	if strings.TrimSpace(fmt.Sprint(found)) != strings.TrimSpace(fmt.Sprint(expected)) {
		return fmt.Errorf("%v is not %v", found, expected)
	}
	return nil
}

func version(path string) {
	info, _ := debug.ReadBuildInfo()
	for _, each := range info.Deps {
		if each.Path == path {
			fmt.Println("client", strings.TrimPrefix(path, "github.com/"), strings.TrimPrefix(each.Version, "v"))
		}
	}
}

func types(db *pgx.Conn, mode pgx.QueryExecMode) error {
	at := time.Date(2024, 1, 2, 3, 4, 5, 6000, time.UTC)
	var i int32
	var l int64
	var f float64
	var t string
	var b bool
	var moment time.Time
	var list []int32
	var raw []byte
	var nothing *string
	err := db.QueryRow(ctx, "SELECT $1::int4, $2::int8, $3::float8, $4::text, $5::bool, $6::timestamptz, "+
		"$7::int4[], $8::bytea, $9::text", mode, int32(1), int64(1)<<40, 1.5, "ä", true, at, []int32{1, 2},
		[]byte{0, 255}, nil).Scan(&i, &l, &f, &t, &b, &moment, &list, &raw, &nothing)
	if err != nil {
		return err
	}
	return same(fmt.Sprintln(i, l, f, t, b, moment.UTC().Equal(at), list, raw, nothing == nil),
		"1 1099511627776 1.5 ä true true [1 2] [0 255] true")
}

func changes(db *pgx.Conn) error {
	if _, err := db.Exec(ctx, "CREATE TABLE go_t (id int4 PRIMARY KEY, name text, v numeric, at timestamptz)"); err != nil {
		return err
	}
	rows := [][]any{}
	for n := 0; n < 500; n++ {
		rows = append(rows, []any{n, fmt.Sprint(n), fmt.Sprintf("%d.5", n), time.Unix(int64(n), 0)})
	}
	if _, err := db.CopyFrom(ctx, pgx.Identifier{"go_t"}, []string{"id", "name", "v", "at"}, pgx.CopyFromRows(rows)); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	batch := &pgx.Batch{}
	for n := 0; n < 10; n++ {
		batch.Queue("UPDATE go_t SET name = $1 WHERE id = $2 RETURNING name", "x", n)
	}
	results := db.SendBatch(ctx, batch)
	for n := 0; n < 10; n++ {
		var name string
		if err := results.QueryRow().Scan(&name); err != nil {
			return err
		}
	}
	if err := results.Close(); err != nil {
		return err
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	inner, _ := tx.Begin(ctx)
	_, err = inner.Exec(ctx, "INSERT INTO go_t (id) VALUES (1)")
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "23505" {
		return fmt.Errorf("not refused: %w", err)
	}
	_ = inner.Rollback(ctx)
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	type row struct {
		Id   int32
		Name string
	}
	found, err := db.Query(ctx, "SELECT id, name FROM go_t WHERE id < $1 ORDER BY id", 12)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(found, pgx.RowToStructByName[row])
	if err != nil {
		return err
	}
	return same(fmt.Sprintln(len(all), all[9].Name, all[11].Name), "12 x 11")
}

func others(url string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := pool.Exec(short, "SELECT pg_sleep(20)"); err == nil {
		return errors.New("no time-out")
	}
	db, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer db.Release()
	if _, err := db.Exec(ctx, "LISTEN go_c"); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "NOTIFY go_c, 'x'"); err != nil {
		return err
	}
	heard, err := db.Conn().WaitForNotification(ctx)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if _, err := db.Conn().PgConn().CopyTo(ctx, &out, "COPY (SELECT id FROM go_t WHERE id < 2 ORDER BY id) TO STDOUT"); err != nil {
		return err
	}
	return same(heard.Payload+out.String(), "x0\n1\n")
}

func libpq(url string) error {
	db, err := sql.Open("postgres", url+"?sslmode=disable")
	if err != nil {
		return err
	}
	defer db.Close()
	var n int
	var t string
	if err := db.QueryRow("SELECT count(*), max(name) FROM go_t WHERE id < $1", 3).Scan(&n, &t); err != nil {
		return err
	}
	statement, err := db.Prepare("SELECT $1::int4 + 1")
	if err != nil {
		return err
	}
	var next int
	for i := 0; i < 3; i++ {
		if err := statement.QueryRow(i).Scan(&next); err != nil {
			return err
		}
	}
	return same(fmt.Sprintln(n, t, next), "3 x 3")
}

func main() {
	url := fmt.Sprintf("postgres://%s@%s:%s/%s", os.Getenv("PGUSER"), os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGDATABASE"))
	version("github.com/jackc/pgx/v5")
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		fmt.Println("not ok connect:", err)
		return
	}
	for name, mode := range map[string]pgx.QueryExecMode{"cached statements": pgx.QueryExecModeCacheStatement,
		"cached descriptions": pgx.QueryExecModeCacheDescribe, "described": pgx.QueryExecModeDescribeExec,
		"extended, untyped": pgx.QueryExecModeExec, "simple": pgx.QueryExecModeSimpleProtocol} {
		check("types, "+name, func() error { return types(db, mode) })
	}
	check("binary copy, batch, nested transactions, rows into structs", func() error { return changes(db) })
	check("pool, time-out, notification, copy out", func() error { return others(url) })
	version("github.com/lib/pq")
	check("database/sql", func() error { return libpq(url) })
}
