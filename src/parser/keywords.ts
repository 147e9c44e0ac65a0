/**
 * The keywords and how freely each may be used as a name: PostgreSQL 15's four classes and its list
 * of words that need AS before them as a column label. Words of the streaming forms are all
 * unreserved, so that no table or column of theirs needs quotes.
 */

/** May name anything. */
export const UNRESERVED = [
  'abort', 'absolute', 'access', 'acknowledge', 'action', 'add', 'admin', 'advance', 'after',
  'aggregate', 'also',
  'alter', 'always', 'append', 'asensitive', 'asof', 'assertion', 'assignment', 'at', 'atomic',
  'attach', 'attribute', 'backward', 'before', 'begin', 'breadth', 'by', 'cache', 'call', 'called',
  'cascade', 'cascaded', 'catalog', 'chain', 'changes', 'characteristics', 'checkpoint', 'class',
  'clock', 'close', 'cluster', 'columns', 'comment', 'comments', 'commit', 'committed',
  'compression', 'configuration', 'conflict', 'connection', 'connections', 'constraints',
  'content', 'continue', 'conversion', 'copy', 'cost', 'csv', 'cube', 'current', 'cursor', 'cycle',
  'data', 'database', 'dataflow', 'day', 'dead', 'deallocate', 'debezium', 'declare', 'defaults',
  'deferred', 'definer', 'delete', 'delimiter', 'delimiters', 'depends', 'depth', 'describe',
  'descriptor', 'detach', 'dictionary', 'disable', 'discard', 'document', 'domain', 'double',
  'drop', 'each', 'emit', 'enable', 'encode', 'encoding', 'encrypted', 'enforced', 'enum',
  'envelope', 'escape', 'event', 'every', 'exclude', 'excluding', 'exclusive', 'execute',
  'expected', 'explain', 'expression', 'extension', 'external', 'family', 'fill', 'filter', 'final',
  'finalize',
  'first', 'flush', 'following', 'force', 'format', 'forward', 'function', 'functions',
  'generated', 'global', 'grace', 'granted', 'groups', 'handler', 'header', 'hold', 'hopping',
  'hour', 'identity', 'if', 'ignore', 'immediate', 'immutable', 'implicit', 'import', 'include',
  'including', 'increment', 'index', 'indexes', 'inherit', 'inherits', 'inline', 'input',
  'insensitive', 'insert', 'instead', 'invoker', 'isolation', 'jobs', 'json', 'key', 'kill',
  'label', 'language', 'large', 'last', 'leakproof', 'letters', 'level', 'listen', 'load', 'local',
  'location', 'lock', 'locked', 'logged', 'logical', 'mapping', 'match', 'matched', 'materialized',
  'maxvalue', 'merge', 'metadata', 'method', 'minute', 'minvalue', 'mock', 'mode', 'month', 'move',
  'mutually', 'name', 'names', 'new', 'next', 'nfc', 'nfd', 'nfkc', 'nfkd', 'no', 'normalized',
  'nothing', 'notify', 'nowait', 'nulls', 'object', 'of', 'off', 'oids', 'old', 'operator',
  'option', 'options', 'ordinality', 'others', 'over', 'overriding', 'overwrite', 'owned', 'owner',
  'pane',
  'parallel', 'parameter', 'parser', 'partial', 'partition', 'partitions', 'passing', 'password',
  'pause', 'period', 'physical', 'plan', 'plans', 'policy', 'preceding', 'prepare', 'prepared',
  'preserve', 'prior', 'privileges', 'procedural', 'procedure', 'procedures', 'program',
  'progress', 'publication', 'quote', 'range', 'read', 'reassign', 'recheck', 'recursion',
  'recursive', 'ref', 'referencing', 'refresh', 'reindex', 'relative', 'release', 'rename',
  'repeatable', 'replace', 'replay', 'replica', 'reset', 'respect', 'restart', 'restrict',
  'resume', 'retention', 'return', 'returns', 'revoke', 'role', 'rollback', 'rollup', 'routine',
  'routines', 'rows', 'rule', 'savepoint', 'scalar', 'schema', 'schemas', 'scroll', 'search',
  'second', 'secret', 'security', 'sequence', 'sequences', 'serializable', 'server', 'session',
  'set', 'sets', 'share', 'show', 'simple', 'since', 'sink', 'size', 'skip', 'snapshot', 'source',
  'sql', 'stable', 'standalone', 'start', 'statement', 'statistics', 'stdin', 'stdout', 'storage',
  'stored', 'strict', 'strip', 'struct', 'subscribe', 'subscription', 'support', 'swap', 'sysid',
  'system', 'system_time', 'tables', 'tablespace', 'temp', 'template', 'temporary', 'test', 'text',
  'ties',
  'transaction', 'transform', 'trigger', 'truncate', 'trusted', 'try_cast', 'ttl', 'tumbling',
  'type', 'types', 'uescape', 'unbounded', 'uncommitted', 'unencrypted', 'unit', 'unknown',
  'unlisten',
  'unlogged', 'until', 'up', 'update', 'upsert', 'vacuum', 'valid', 'validate', 'validator',
  'value', 'varying', 'version', 'view', 'views', 'virtual', 'volatile', 'wait', 'watermark',
  'whitespace', 'within', 'without', 'work', 'wrapper', 'write', 'xml', 'year', 'yes', 'zone',
] as const;

/** May name columns and tables, but not functions or types. */
export const COLUMN_NAME = [
  'between', 'bigint', 'bit', 'boolean', 'char', 'character', 'coalesce', 'dec', 'decimal',
  'exists', 'extract', 'float', 'greatest', 'grouping', 'inout', 'int', 'integer', 'interval',
  'least', 'national', 'nchar', 'none', 'normalize', 'nullif', 'numeric', 'out', 'overlay',
  'position', 'precision', 'real', 'row', 'setof', 'smallint', 'substring', 'time', 'timestamp',
  'treat', 'trim', 'values', 'varchar', 'xmlattributes', 'xmlconcat', 'xmlelement', 'xmlexists',
  'xmlforest', 'xmlnamespaces', 'xmlparse', 'xmlpi', 'xmlroot', 'xmlserialize', 'xmltable',
] as const;

/** May name functions and types, but not columns or tables. */
export const TYPE_OR_FUNCTION = [
  'authorization', 'binary', 'collation', 'concurrently', 'cross', 'current_schema', 'freeze',
  'full', 'ilike', 'inner', 'is', 'isnull', 'join', 'left', 'like', 'natural', 'notnull', 'outer',
  'overlaps', 'right', 'similar', 'tablesample', 'verbose',
] as const;

/** May only be a column label. */
export const RESERVED = [
  'all', 'analyse', 'analyze', 'and', 'any', 'array', 'as', 'asc', 'asymmetric', 'both', 'case',
  'cast', 'check', 'collate', 'column', 'constraint', 'create', 'current_catalog', 'current_date',
  'current_role', 'current_time', 'current_timestamp', 'current_user', 'default', 'deferrable',
  'desc', 'distinct', 'do', 'else', 'end', 'except', 'false', 'fetch', 'for', 'foreign', 'from',
  'grant', 'group', 'having', 'in', 'initially', 'intersect', 'into', 'lateral', 'leading',
  'limit', 'localtime', 'localtimestamp', 'not', 'null', 'offset', 'on', 'only', 'or', 'order',
  'placing', 'primary', 'references', 'returning', 'select', 'session_user', 'some', 'symmetric',
  'table', 'then', 'to', 'trailing', 'true', 'union', 'unique', 'user', 'using', 'variadic',
  'when', 'where', 'window', 'with',
] as const;

/** A column label only behind AS. */
export const NOT_BARE_LABEL = [
  'array', 'as', 'char', 'character', 'create', 'day', 'except', 'fetch', 'filter', 'for', 'from',
  'grant', 'group', 'having', 'hour', 'intersect', 'into', 'isnull', 'limit', 'minute', 'month',
  'notnull', 'offset', 'on', 'order', 'over', 'overlaps', 'precision', 'returning', 'second', 'to',
  'union', 'varying', 'where', 'window', 'with', 'within', 'without', 'year',
] as const;

/** A keyword in lower case. */
export type Keyword =
  | (typeof UNRESERVED)[number]
  | (typeof COLUMN_NAME)[number]
  | (typeof TYPE_OR_FUNCTION)[number]
  | (typeof RESERVED)[number];
