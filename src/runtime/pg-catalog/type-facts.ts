/**
 * What pg_type says of each type, as PostgreSQL 15 has it.
 *
 * Facts alone, read by types.ts: name, oid, length, passed by value, kind, category, preferred,
 * element, array type, input and receive function, modifier input, alignment, storage, collation.
 */

/** A line per type; array types follow from their elements. */
export const TYPE_FACTS: string = `
bool 16 1 t b B t 0 1000 boolin boolrecv - c p 0
bytea 17 -1 f b U f 0 1001 byteain bytearecv - i x 0
char 18 1 t b Z f 0 1002 charin charrecv - c p 0
name 19 64 f b S f 18 1003 namein namerecv - c p 950
int8 20 8 t b N f 0 1016 int8in int8recv - d p 0
int2 21 2 t b N f 0 1005 int2in int2recv - s p 0
int2vector 22 -1 f b A f 21 1006 int2vectorin int2vectorrecv - i p 0
int4 23 4 t b N f 0 1007 int4in int4recv - i p 0
regproc 24 4 t b N f 0 1008 regprocin regprocrecv - i p 0
text 25 -1 f b S t 0 1009 textin textrecv - i x 100
bit 1560 -1 f b V f 0 1561 bit_in bit_recv bittypmodin i x 0
varbit 1562 -1 f b V t 0 1563 varbit_in varbit_recv varbittypmodin i x 0
oid 26 4 t b N t 0 1028 oidin oidrecv - i p 0
tid 27 6 f b U f 0 1010 tidin tidrecv - s p 0
xid 28 4 t b U f 0 1011 xidin xidrecv - i p 0
cid 29 4 t b U f 0 1012 cidin cidrecv - i p 0
oidvector 30 -1 f b A f 26 1013 oidvectorin oidvectorrecv - i p 0
json 114 -1 f b U f 0 199 json_in json_recv - i x 0
pg_node_tree 194 -1 f b Z f 0 0 pg_node_tree_in pg_node_tree_recv - i x 100
float4 700 4 t b N f 0 1021 float4in float4recv - i p 0
float8 701 8 t b N t 0 1022 float8in float8recv - d p 0
unknown 705 -2 f p X f 0 0 unknownin unknownrecv - c p 0
inet 869 -1 f b I t 0 1041 inet_in inet_recv - i m 0
aclitem 1033 12 f b U f 0 1034 aclitemin - - i p 0
bpchar 1042 -1 f b S f 0 1014 bpcharin bpcharrecv bpchartypmodin i x 100
varchar 1043 -1 f b S f 0 1015 varcharin varcharrecv varchartypmodin i x 100
date 1082 4 t b D f 0 1182 date_in date_recv - i p 0
time 1083 8 t b D f 0 1183 time_in time_recv timetypmodin d p 0
timestamp 1114 8 t b D f 0 1115 timestamp_in timestamp_recv timestamptypmodin d p 0
timestamptz 1184 8 t b D t 0 1185 timestamptz_in timestamptz_recv timestamptztypmodin d p 0
interval 1186 16 f b T t 0 1187 interval_in interval_recv intervaltypmodin d p 0
timetz 1266 12 f b D f 0 1270 timetz_in timetz_recv timetztypmodin d p 0
numeric 1700 -1 f b N f 0 1231 numeric_in numeric_recv numerictypmodin i m 0
regprocedure 2202 4 t b N f 0 2207 regprocedurein regprocedurerecv - i p 0
regoper 2203 4 t b N f 0 2208 regoperin regoperrecv - i p 0
regoperator 2204 4 t b N f 0 2209 regoperatorin regoperatorrecv - i p 0
regclass 2205 4 t b N f 0 2210 regclassin regclassrecv - i p 0
regtype 2206 4 t b N f 0 2211 regtypein regtyperecv - i p 0
record 2249 -1 f p P f 0 2287 record_in record_recv - d x 0
cstring 2275 -2 f p P f 0 1263 cstring_in cstring_recv - c p 0
any 2276 4 t p P f 0 0 any_in - - i p 0
anyarray 2277 -1 f p P f 0 0 anyarray_in anyarray_recv - d x 0
void 2278 4 t p P f 0 0 void_in void_recv - i p 0
trigger 2279 4 t p P f 0 0 trigger_in - - i p 0
internal 2281 8 t p P f 0 0 internal_in - - d p 0
anyelement 2283 4 t p P f 0 0 anyelement_in - - i p 0
anyenum 3500 4 t p P f 0 0 anyenum_in - - i p 0
anynonarray 2776 4 t p P f 0 0 anynonarray_in - - i p 0
uuid 2950 16 f b U f 0 2951 uuid_in uuid_recv - c p 0
pg_lsn 3220 8 t b U f 0 3221 pg_lsn_in pg_lsn_recv - d p 0
pg_ndistinct 3361 -1 f b Z f 0 0 pg_ndistinct_in pg_ndistinct_recv - i x 100
pg_dependencies 3402 -1 f b Z f 0 0 pg_dependencies_in pg_dependencies_recv - i x 100
regconfig 3734 4 t b N f 0 3735 regconfigin regconfigrecv - i p 0
regdictionary 3769 4 t b N f 0 3770 regdictionaryin regdictionaryrecv - i p 0
jsonb 3802 -1 f b U f 0 3807 jsonb_in jsonb_recv - i x 0
event_trigger 3838 4 t p P f 0 0 event_trigger_in - - i p 0
regnamespace 4089 4 t b N f 0 4090 regnamespacein regnamespacerecv - i p 0
regrole 4096 4 t b N f 0 4097 regrolein regrolerecv - i p 0
regcollation 4191 4 t b N f 0 4192 regcollationin regcollationrecv - i p 0
pg_mcv_list 5017 -1 f b Z f 0 0 pg_mcv_list_in pg_mcv_list_recv - i x 100
xid8 5069 8 t b U f 0 271 xid8in xid8recv - d p 0
anycompatible 5077 4 t p P f 0 0 anycompatible_in - - i p 0
anycompatiblearray 5078 -1 f p P f 0 0 anycompatiblearray_in anycompatiblearray_recv - d x 0
`;
