import type { DataType } from '@cdc/core'

type BuiltinKind = Exclude<DataType['kind'], 'enum' | 'array'>

/** A type that PostgreSQL has from `initdb` on, by an OID that is the same in every database and version. */
export interface BuiltinType {
  readonly oid: number
  /** `pg_type.typname`. */
  readonly name: string
  /** The OID of its array type; 0 where it has none. */
  readonly array: number
  readonly kind: BuiltinKind
  /** As `format_type(oid, -1)` prints it. */
  readonly native: string
}

/**
 * Every base, range and multirange type in pg_type of PostgreSQL 10 to 18 with an OID below 10000. Taken from
 * servers of versions 12, 15 and 18 (`test/values.live.test.ts` compares), and for what was gone by 12 from the
 * manual of 10. Columns: OID, OID of the array type, kind, name, and the printed name where it is another.
 */
const table = `
16 1000 boolean bool boolean
17 1001 bytes bytea
18 1002 string char "char"
19 1003 string name
20 1016 int64 int8 bigint
21 1005 int16 int2 smallint
22 1006 other int2vector
23 1007 int32 int4 integer
24 1008 other regproc
25 1009 string text
26 1028 int64 oid
27 1010 other tid
28 1011 other xid
29 1012 other cid
30 1013 other oidvector
114 199 json json
142 143 xml xml
194 0 other pg_node_tree
210 0 other smgr
600 1017 other point
601 1018 other lseg
602 1019 other path
603 1020 other box
604 1027 other polygon
628 629 other line
650 651 other cidr
700 1021 float32 float4 real
701 1022 float64 float8 double precision
702 1023 other abstime
703 1024 other reltime
704 1025 other tinterval
718 719 other circle
774 775 other macaddr8
790 791 other money
829 1040 other macaddr
869 1041 other inet
1033 1034 other aclitem
1042 1014 string bpchar
1043 1015 string varchar character varying
1082 1182 date date
1083 1183 time time time without time zone
1114 1115 timestamp timestamp timestamp without time zone
1184 1185 timestamptz timestamptz timestamp with time zone
1186 1187 interval interval
1266 1270 timetz timetz time with time zone
1560 1561 other bit "bit"
1562 1563 other varbit bit varying
1700 1231 decimal numeric
1790 2201 other refcursor
2202 2207 other regprocedure
2203 2208 other regoper
2204 2209 other regoperator
2205 2210 other regclass
2206 2211 other regtype
2950 2951 uuid uuid
2970 2949 other txid_snapshot
3220 3221 other pg_lsn
3361 0 other pg_ndistinct
3402 0 other pg_dependencies
3614 3643 other tsvector
3615 3645 other tsquery
3642 3644 other gtsvector
3734 3735 other regconfig
3769 3770 other regdictionary
3802 3807 json jsonb
3904 3905 other int4range
3906 3907 other numrange
3908 3909 other tsrange
3910 3911 other tstzrange
3912 3913 other daterange
3926 3927 other int8range
4072 4073 other jsonpath
4089 4090 other regnamespace
4096 4097 other regrole
4191 4192 other regcollation
4451 6150 other int4multirange
4532 6151 other nummultirange
4533 6152 other tsmultirange
4534 6153 other tstzmultirange
4535 6155 other datemultirange
4536 6157 other int8multirange
4600 0 other pg_brin_bloom_summary
4601 0 other pg_brin_minmax_multi_summary
5017 0 other pg_mcv_list
5038 5039 other pg_snapshot
5069 271 other xid8
`

function parse(line: string): BuiltinType {
  const [oid, array, kind, name, ...native] = line.split(' ')
  return {
    oid: Number(oid),
    array: Number(array),
    kind: kind as BuiltinKind,
    name: name!,
    native: native.length > 0 ? native.join(' ') : name!,
  }
}

interface Index {
  readonly all: readonly BuiltinType[]
  readonly byOid: ReadonlyMap<number, BuiltinType>
  readonly byArray: ReadonlyMap<number, BuiltinType>
  readonly byName: ReadonlyMap<string, BuiltinType>
}

let index: Index | undefined

function types(): Index {
  if (index === undefined) {
    const all = table.trim().split('\n').map(parse)
    const arrays = all.filter((type) => type.array !== 0)
    index = {
      all,
      byOid: new Map(all.map((type) => [type.oid, type])),
      byArray: new Map(arrays.map((type) => [type.array, type])),
      byName: new Map(all.map((type) => [type.name, type])),
    }
  }
  return index
}

/** The built-in type with this OID; undefined for array types and for what is no built-in. */
export function builtinType(oid: number): BuiltinType | undefined {
  return types().byOid.get(oid)
}

/** The type of the elements of the built-in array type with this OID. */
export function builtinElement(oid: number): BuiltinType | undefined {
  return types().byArray.get(oid)
}

/** The OID of a built-in type by its name in pg_type, array types (`_int4`) too. */
export function builtinOid(name: string): number | undefined {
  const { byName } = types()
  return byName.get(name)?.oid ?? (name.startsWith('_') ? byName.get(name.slice(1))?.array : undefined)
}

/** Every built-in type that is no array type. */
export function builtinTypes(): readonly BuiltinType[] {
  return types().all
}
