// pgjdbc against the server named by PGHOST, PGPORT, PGUSER, PGDATABASE: DatabaseMetaData, prepared
// statements, cursor fetch, batches, generated keys, COPY, notifications. Prints lines for `run`.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.sql.*;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGConnection;

public final class Jdbc {
  interface Body { void run() throws Exception; }

  static final String URL = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
      + System.getenv("PGDATABASE");
  static Connection db;

  static void check(String name, Body body) {
    try {
      body.run();
      System.out.println("ok " + name);
    } catch (Throwable error) {
      String at = Arrays.stream(error.getStackTrace()).filter(f -> f.getClassName().startsWith("Jdbc"))
          .map(f -> String.valueOf(f.getLineNumber())).reduce("", (a, b) -> a + " " + b);
      System.out.println("not ok " + name + ": " + String.valueOf(error).replace('\n', ' ') + " at" + at);
      try { if (!db.getAutoCommit()) { db.rollback(); db.setAutoCommit(true); } } catch (SQLException e) { }
    }
  }

  static void same(Object found, Object expected) {
    if (!Objects.equals(found, expected)) throw new AssertionError(found + " is not " + expected);
  }

  static void run(String sql) throws SQLException {
    try (Statement s = db.createStatement()) { s.execute(sql); }
  }

  static List<String> rows(ResultSet rs, String... columns) throws SQLException {
    List<String> out = new ArrayList<>();
    while (rs.next()) {
      List<String> row = new ArrayList<>();
      for (String column : columns) row.add(rs.getString(column));
      out.add(String.join("|", row.stream().map(String::valueOf).toList()));
    }
    rs.close();
    return out;
  }

  static Connection connect(String... more) throws SQLException {
    Properties of = new Properties();
    of.setProperty("user", System.getenv("PGUSER"));
    for (int i = 0; i < more.length; i += 2) of.setProperty(more[i], more[i + 1]);
    return DriverManager.getConnection(URL, of);
  }

  static void metadata() throws Exception {
    DatabaseMetaData m = db.getMetaData();
    String p = "j_" + SUFFIX;
    run("CREATE TABLE " + p + " (id serial PRIMARY KEY, name varchar(30) NOT NULL, v numeric(10,2) DEFAULT 1.5,"
        + " g int8 GENERATED ALWAYS AS IDENTITY, tags text[], UNIQUE (name))");
    run("CREATE TABLE " + p + "_r (a int4 REFERENCES " + p + " (id) ON DELETE CASCADE, b text)");
    run("CREATE INDEX " + p + "_i ON " + p + "_r (b)");
    run("CREATE VIEW " + p + "_v AS SELECT name FROM " + p);
    run("CREATE MATERIALIZED VIEW " + p + "_m AS SELECT count(*) AS n FROM " + p);
    run("COMMENT ON TABLE " + p + " IS 'remarks'");
    same(rows(m.getTables(null, "public", p + "%", null), "TABLE_NAME", "TABLE_TYPE", "REMARKS").stream()
        .filter(r -> !r.contains("INDEX") && !r.contains("SEQUENCE")).sorted().toList(),
        List.of(p + "_m|MATERIALIZED VIEW|null", p + "_r|TABLE|null", p + "_v|VIEW|null", p + "|TABLE|remarks"));
    same(rows(m.getColumns(null, "public", p, null), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS",
        "NULLABLE", "COLUMN_DEF", "IS_AUTOINCREMENT"),
        List.of("id|serial|10|0|0|nextval('" + p + "_id_seq'::regclass)|YES", "name|varchar|30|0|0|null|NO",
            "v|numeric|10|2|1|1.5|NO", "g|int8|19|0|0|null|YES", "tags|_text|2147483647|0|1|null|NO"));
    same(rows(m.getPrimaryKeys(null, "public", p), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"), List.of("id|1|" + p + "_pkey"));
    same(rows(m.getImportedKeys(null, "public", p + "_r"), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKCOLUMN_NAME",
        "DELETE_RULE"), List.of(p + "|id|a|0"));
    same(rows(m.getExportedKeys(null, "public", p), "FKTABLE_NAME"), List.of(p + "_r"));
    same(rows(m.getIndexInfo(null, "public", p + "_r", false, true), "INDEX_NAME", "COLUMN_NAME", "NON_UNIQUE"),
        List.of(p + "_i|b|t"));
    same(rows(m.getIndexInfo(null, "public", p, true, true), "INDEX_NAME", "COLUMN_NAME").stream().sorted().toList(),
        List.of(p + "_name_key|name", p + "_pkey|id"));
    same(rows(m.getBestRowIdentifier(null, "public", p, 0, true), "COLUMN_NAME"), List.of("id"));
    same(rows(m.getTablePrivileges(null, "public", p), "PRIVILEGE").contains("SELECT"), true);
    if (rows(m.getTypeInfo(), "TYPE_NAME").size() < 40) throw new AssertionError("types");
    if (!rows(m.getSchemas(), "TABLE_SCHEM").contains("public")) throw new AssertionError("schemas");
    same(rows(m.getCatalogs(), "TABLE_CAT").contains(System.getenv("PGDATABASE")), true);
    if (rows(m.getTableTypes(), "TABLE_TYPE").size() < 5) throw new AssertionError("table types");
    if (rows(m.getFunctions(null, "pg_catalog", "lower"), "FUNCTION_NAME").isEmpty()) throw new AssertionError("lower");
    if (rows(m.getFunctionColumns(null, "pg_catalog", "lower", null), "COLUMN_NAME").isEmpty()) {
      throw new AssertionError("columns of lower");
    }
    rows(m.getProcedures(null, null, "none"), "PROCEDURE_NAME");
    rows(m.getProcedureColumns(null, null, "none", null), "COLUMN_NAME");
    rows(m.getUDTs(null, null, null, null), "TYPE_NAME");
    rows(m.getColumnPrivileges(null, "public", p, "%"), "COLUMN_NAME");
    rows(m.getCrossReference(null, "public", p, null, "public", p + "_r"), "FK_NAME");
    rows(m.getVersionColumns(null, "public", p), "COLUMN_NAME");
    rows(m.getClientInfoProperties(), "NAME");
    if (m.getSQLKeywords().isEmpty() || m.getNumericFunctions().isEmpty()) throw new AssertionError("words");
    same(m.getDatabaseProductName(), "PostgreSQL");
    if (m.getMaxColumnNameLength() != 63 || m.getDatabaseMajorVersion() < 15) throw new AssertionError("limits");
  }

  static void prepared() throws Exception {
    String t = "jp_" + SUFFIX;
    run("CREATE TABLE " + t + " (id int4 PRIMARY KEY, b bool, s int2, l int8, f float4, d float8, n numeric, t text,"
        + " dt date, ts timestamp, tz timestamptz, u uuid, bt bytea, j jsonb, a int4[])");
    try (PreparedStatement s = db.prepareStatement("INSERT INTO " + t
        + " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?::jsonb,?)")) {
      for (int i = 0; i < 12; i++) {
        s.setInt(1, i); s.setBoolean(2, i % 2 == 0); s.setShort(3, (short) i); s.setLong(4, 1L << 40);
        s.setFloat(5, 1.5f); s.setDouble(6, 2.5); s.setBigDecimal(7, new BigDecimal("12.340")); s.setString(8, "ä");
        s.setObject(9, LocalDate.of(2024, 2, 29)); s.setTimestamp(10, Timestamp.valueOf("2024-01-01 10:00:00.5"));
        s.setObject(11, OffsetDateTime.of(2024, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC)); s.setObject(12, new UUID(0, 9));
        s.setBytes(13, new byte[] {0, 1, -1}); s.setString(14, "{\"a\": 1}");
        s.setArray(15, db.createArrayOf("int4", new Integer[] {1, null, 3}));
        same(s.executeUpdate(), 1);
      }
    }
    // Behind five runs the driver asks for binary results.
    try (PreparedStatement s = db.prepareStatement("SELECT * FROM " + t + " WHERE id = ?")) {
      for (int i = 0; i < 12; i++) {
        s.setInt(1, i);
        ResultSet r = s.executeQuery();
        if (!r.next()) throw new AssertionError("no row");
        same(r.getInt("id"), i); same(r.getBoolean("b"), i % 2 == 0); same(r.getLong("l"), 1L << 40);
        same(r.getFloat("f"), 1.5f); same(r.getDouble("d"), 2.5); same(r.getBigDecimal("n"), new BigDecimal("12.340"));
        same(r.getString("t"), "ä"); same(r.getObject("dt", LocalDate.class), LocalDate.of(2024, 2, 29));
        same(r.getTimestamp("ts"), Timestamp.valueOf("2024-01-01 10:00:00.5"));
        same(r.getObject("tz", OffsetDateTime.class).toInstant().toString(), "2024-01-01T00:00:00Z");
        same(r.getObject("u"), new UUID(0, 9)); same(Arrays.toString(r.getBytes("bt")), "[0, 1, -1]");
        same(Arrays.toString((Object[]) r.getArray("a").getArray()), "[1, null, 3]");
        same(r.getString("j"), "{\"a\": 1}");
        r.close();
      }
    }
  }

  static void describing() throws Exception {
    try (PreparedStatement s = db.prepareStatement("SELECT id, n, t FROM jp_" + SUFFIX + " WHERE id > ? AND t LIKE ?")) {
      ResultSetMetaData m = s.getMetaData();
      same(m.getColumnCount() + m.getColumnTypeName(2) + m.getTableName(1) + m.isNullable(1),
          "3numericjp_" + SUFFIX + "0");
      same(s.getParameterMetaData().getParameterTypeName(1), "int4");
    }
  }

  static void cursors() throws Exception {
    db.setAutoCommit(false);
    try (PreparedStatement s = db.prepareStatement("SELECT generate_series(1, ?)")) {
      s.setFetchSize(7); s.setInt(1, 100);
      ResultSet r = s.executeQuery();
      int sum = 0;
      while (r.next()) sum += r.getInt(1);
      same(sum, 5050);
    }
    try (Statement s = db.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
      ResultSet r = s.executeQuery("SELECT generate_series(1, 10)");
      r.absolute(5); same(r.getInt(1), 5); r.last(); same(r.getInt(1), 10);
    }
    db.commit();
    db.setAutoCommit(true);
  }

  static void batches() throws Exception {
    String t = "jb_" + SUFFIX;
    run("CREATE TABLE " + t + " (id serial PRIMARY KEY, v int4)");
    try (PreparedStatement s = db.prepareStatement("INSERT INTO " + t + " (v) VALUES (?)",
        Statement.RETURN_GENERATED_KEYS)) {
      for (int i = 0; i < 50; i++) { s.setInt(1, i); s.addBatch(); }
      same(Arrays.stream(s.executeBatch()).sum(), 50);
      same(rows(s.getGeneratedKeys(), "id").size(), 50);
      s.setInt(1, 9);
      s.executeUpdate();
      same(rows(s.getGeneratedKeys(), "id", "v"), List.of("51|9"));
    }
    try (Statement s = db.createStatement()) {
      s.addBatch("UPDATE " + t + " SET v = 0 WHERE id <= 10"); s.addBatch("DELETE FROM " + t + " WHERE id > 50");
      same(Arrays.toString(s.executeBatch()), "[10, 1]");
    }
    try (Connection rewriting = connect("reWriteBatchedInserts", "true");
         PreparedStatement s = rewriting.prepareStatement("INSERT INTO " + t + " (v) VALUES (?)")) {
      for (int i = 0; i < 130; i++) { s.setInt(1, i); s.addBatch(); }
      same(s.executeBatch().length, 130);
    }
    try (Statement s = db.createStatement()) {
      ResultSet r = s.executeQuery("SELECT count(*) FROM " + t);
      r.next();
      same(r.getInt(1), 180);
    }
  }

  static void transactions() throws Exception {
    db.setAutoCommit(false);
    db.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    run("INSERT INTO jb_" + SUFFIX + " VALUES (1000, 1)");
    Savepoint point = db.setSavepoint("p");
    try {
      run("INSERT INTO jb_" + SUFFIX + " VALUES (1000, 1)");
      throw new AssertionError("no error");
    } catch (SQLException error) {
      same(error.getSQLState(), "23505");
    }
    db.rollback(point);
    run("INSERT INTO jb_" + SUFFIX + " VALUES (1001, 1)");
    db.commit();
    db.setReadOnly(true);
    try {
      run("DELETE FROM jb_" + SUFFIX);
      throw new AssertionError("no error");
    } catch (SQLException error) {
      same(error.getSQLState(), "25006");
    }
    db.rollback();
    db.setReadOnly(false);
    db.setAutoCommit(true);
    db.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    db.setSchema("pg_catalog");
    same(db.getSchema(), "pg_catalog");
    db.setSchema("public");
    same(db.isValid(2), true);
  }

  static void others() throws Exception {
    PGConnection pg = db.unwrap(PGConnection.class);
    long in = pg.getCopyAPI().copyIn("COPY jb_" + SUFFIX + " FROM STDIN WITH (FORMAT csv)",
        new ByteArrayInputStream("2000,1\n2001,2\n".getBytes()));
    same(in, 2L);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    pg.getCopyAPI().copyOut("COPY (SELECT id FROM jb_" + SUFFIX + " WHERE id >= 2000 ORDER BY id) TO STDOUT", out);
    same(out.toString(), "2000\n2001\n");
    run("LISTEN jch"); run("NOTIFY jch, 'x'");
    same(pg.getNotifications(2000)[0].getParameter(), "x");
    try (Statement s = db.createStatement()) {
      s.setQueryTimeout(1);
      s.execute("SELECT pg_sleep(20)");
      throw new AssertionError("no error");
    } catch (SQLException error) {
      same(error.getSQLState(), "57014");
    }
    try (CallableStatement s = db.prepareCall("{ ? = call upper(?) }")) {
      s.registerOutParameter(1, Types.VARCHAR); s.setString(2, "abc"); s.execute();
      same(s.getString(1), "ABC");
    }
    for (String mode : List.of("simple", "extended", "extendedForPrepared", "extendedCacheEverything")) {
      try (Connection c = connect("preferQueryMode", mode);
           PreparedStatement s = c.prepareStatement("SELECT ?::int4 + 1")) {
        s.setInt(1, 4);
        ResultSet r = s.executeQuery();
        r.next();
        same(r.getInt(1), 5);
      }
    }
  }

  static void updatable() throws Exception {
    try (Statement s = db.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
      ResultSet r = s.executeQuery("SELECT id, v FROM jb_" + SUFFIX + " WHERE id = 20");
      r.next(); r.updateInt("v", 777); r.updateRow(); r.close();
      r = s.executeQuery("SELECT id, v FROM jb_" + SUFFIX + " WHERE v = 777");
      r.next(); same(r.getInt("id"), 20);
      r.moveToInsertRow(); r.updateInt("id", 5000); r.updateInt("v", 1); r.insertRow(); r.close();
    }
  }

  static String SUFFIX = "";

  public static void main(String[] args) throws Exception {
    db = connect();
    SUFFIX = db.getMetaData().getDriverVersion().replaceAll("\\D", "");
    System.out.println("client pgjdbc " + db.getMetaData().getDriverVersion());
    check("DatabaseMetaData", Jdbc::metadata);
    check("prepared, text then binary", Jdbc::prepared);
    check("describe", Jdbc::describing);
    check("cursor fetch, scrolling", Jdbc::cursors);
    check("batches, generated keys, rewritten inserts", Jdbc::batches);
    check("transactions, savepoints, read only", Jdbc::transactions);
    check("copy, notifications, time-out, call, query modes", Jdbc::others);
    check("updatable result sets", Jdbc::updatable);
    db.close();
  }
}
