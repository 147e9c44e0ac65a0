-- Notifications once a day: what a user was told is not told again until 24 hours have been quiet.

CREATE TABLE notifications (id int, usr text, message text, ts timestamptz) APPEND ONLY;

-- The first of each message by its own time; state_ttl forgets messages nobody sent for 24 hours.
CREATE MATERIALIZED VIEW to_send WITH (state_ttl = '24 hours') AS
SELECT usr, message, id, ts
FROM (SELECT *, row_number() OVER (PARTITION BY usr, message ORDER BY ts, id) AS place
      FROM notifications) AS copies
WHERE place = 1;

INSERT INTO notifications VALUES
  (1, 'ann', 'disk full', '2024-01-01 10:00:00+00'), (2, 'ann', 'disk full', '2024-01-01 10:00:01+00'),
  (3, 'bob', 'disk full', '2024-01-01 10:00:02+00'), (4, 'ann', 'backup done', '2024-01-01 10:05:00+00');
SELECT * FROM to_send ORDER BY usr, message;

-- A copy that was sent before the others arrives last: it is the first now.
INSERT INTO notifications VALUES (5, 'bob', 'disk full', '2024-01-01 09:59:58+00');
SELECT * FROM to_send ORDER BY usr, message;
SELECT operator, rows, bound FROM tidemill.state WHERE view = 'to_send' AND bound IS NOT NULL;

-- How days pass, without waiting for them: the second copy keeps the message silenced, the third
-- comes 25 hours later and is told again.
EXECUTE UNIT TEST a_day_of_quiet FOR to_send
  MOCK notifications AT TIME '2024-01-01 10:00:00+00' AS (VALUES
    (1, 'ann', 'disk full', '2024-01-01 10:00:00+00'), (2, 'bob', 'hello', '2024-01-01 10:00:00+00'))
  MOCK notifications AT TIME '2024-01-02 09:00:00+00' AS (VALUES
    (3, 'ann', 'disk full', '2024-01-02 09:00:00+00'))
  MOCK notifications AT TIME '2024-01-02 12:00:00+00' AS (VALUES
    (4, 'bob', 'hello', '2024-01-02 12:00:00+00'))
  EXPECTED (usr, id) AS (VALUES ('ann', 1), ('bob', 4));
EXECUTE UNIT TEST told_again FOR to_send
  MOCK notifications AT TIME '2024-01-01 10:00:00+00' AS (VALUES
    (1, 'ann', 'disk full', '2024-01-01 10:00:00+00'))
  MOCK notifications AT TIME '2024-01-02 09:00:00+00' AS (VALUES
    (2, 'ann', 'disk full', '2024-01-02 09:00:00+00'))
  MOCK notifications AT TIME '2024-01-03 10:00:00+00' AS (VALUES
    (3, 'ann', 'disk full', '2024-01-03 10:00:00+00'))
  EXPECTED (usr, id) AS (VALUES ('ann', 3));

DROP TABLE notifications CASCADE;
