-- User sessions: a row out of order joins two sessions, a delete splits them again.

CREATE TABLE visits (id int PRIMARY KEY, usr text, ts timestamp);

CREATE MATERIALIZED VIEW sessions AS
SELECT usr, window_start, window_end, count(*) AS pages
FROM SESSION(visits PARTITION BY usr, ts, INTERVAL '30 minutes')
GROUP BY usr, window_start, window_end;

-- A view over the view: both are always at the same epoch.
CREATE MATERIALIZED VIEW session_lengths AS
SELECT usr, count(*) AS sessions, max(window_end - window_start - INTERVAL '30 minutes') AS longest
FROM sessions GROUP BY usr;

INSERT INTO visits VALUES
  (1, 'ann', '2024-01-01 09:00'), (2, 'ann', '2024-01-01 09:50'), (3, 'bob', '2024-01-01 09:10');
SELECT * FROM sessions ORDER BY usr, window_start;

INSERT INTO visits VALUES (4, 'ann', '2024-01-01 09:25');
SELECT * FROM sessions ORDER BY usr, window_start;
SELECT * FROM session_lengths ORDER BY usr;

DELETE FROM visits WHERE id = 4;
SELECT * FROM sessions ORDER BY usr, window_start;

DROP TABLE visits CASCADE;
