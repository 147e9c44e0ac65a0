-- Alarms: three or more failed log-ins of a user within ten minutes, whatever order they come in.

CREATE TABLE logins (id int PRIMARY KEY, usr text, ok boolean, ts timestamp);

CREATE MATERIALIZED VIEW alarms AS
SELECT usr, ts, failures
FROM (SELECT usr, ts, count(*) OVER (PARTITION BY usr ORDER BY ts
             RANGE BETWEEN INTERVAL '10 minutes' PRECEDING AND CURRENT ROW) AS failures
      FROM logins WHERE NOT ok) recent
WHERE failures >= 3;

INSERT INTO logins VALUES
  (1, 'ann', false, '2024-01-01 10:00'), (2, 'ann', false, '2024-01-01 10:09'),
  (3, 'bob', false, '2024-01-01 10:00'), (4, 'bob', false, '2024-01-01 10:08'),
  (5, 'bob', false, '2024-01-01 10:18:01');
SELECT * FROM alarms;

-- A failure between Ann's two arrives late and raises the alarm; Bob's stay too far apart.
INSERT INTO logins VALUES (6, 'ann', false, '2024-01-01 10:04');
SELECT * FROM alarms;

-- It was no failure after all.
UPDATE logins SET ok = true WHERE id = 6;
SELECT * FROM alarms;

DROP TABLE logins CASCADE;
