import { doubleText, floatText } from '../text/json-text.ts'
import type { Codec } from './codec.ts'
import { field, optional, required } from './connect-schema.ts'
import { named } from './plain-codecs.ts'

/** Types of extensions: PostGIS and pgvector. Their texts are hexadecimal EWKB, `[1,2]` and `{1:1.5,3:2}/5`. */

const vectorOf = (name: string, type: 'float' | 'double', print: (value: number) => string): Codec => ({
  schema: named('array', `io.debezium.data.${name}`, { items: required(type) }),
  write: (cell) => {
    const numbers = (cell as string).slice(1, -1)
    return `[${
      numbers === ''
        ? ''
        : numbers
            .split(',')
            .map((one) => print(Number(one)))
            .join(',')
    }]`
  },
  filler: '[]',
})

const sparseVector: Codec = {
  schema: named('struct', 'io.debezium.data.SparseDoubleVector', {
    fields: [
      field('dimensions', required('int16')),
      field('vector', { type: 'map', keys: required('int16'), values: required('double'), optional: false }),
    ],
  }),
  write: (cell) => {
    const [, entries = '', dimensions] = /^\{(.*)\}\/(\d+)$/.exec(cell as string) ?? []
    if (dimensions === undefined) return undefined
    const pairs = entries === '' ? [] : entries.split(',').map((entry) => entry.split(':') as [string, string])
    return `{"dimensions":${dimensions},"vector":[${pairs.map(([at, value]) => `[${at},${doubleText(Number(value))}]`).join(',')}]}`
  },
  filler: '{"dimensions":0,"vector":[]}',
}

/** Set in the type of an EWKB that has an SRID. */
const HAS_SRID = 0x20000000

function ewkb(text: string): { readonly wkb: string; readonly srid: number | null } {
  const bytes = Buffer.from(text, 'hex')
  const little = bytes[0] === 1
  const type = little ? bytes.readUInt32LE(1) : bytes.readUInt32BE(1)
  const srid = (type & HAS_SRID) === 0 ? null : little ? bytes.readInt32LE(5) : bytes.readInt32BE(5)
  return { wkb: bytes.toString('base64'), srid }
}

const wkbFields = [field('wkb', required('bytes')), field('srid', optional('int32'))]
const extensions = field('extensions', {
  type: 'map',
  keys: required('string'),
  values: required('string'),
  optional: true,
})

/** GEOMETRYCOLLECTION EMPTY. */
const EMPTY = '010700000000000000'

function postgis(name: 'Geometry' | 'Geography'): Codec {
  const geometry = name === 'Geometry'
  const write = (text: string) => {
    const { wkb, srid } = ewkb(text)
    return `{"wkb":"${wkb}","srid":${srid}${geometry ? ',"extensions":null' : ''}}`
  }
  return {
    schema: named('struct', `io.debezium.data.geometry.${name}`, {
      version: geometry ? 2 : 1,
      doc: name,
      fields: geometry ? [...wkbFields, extensions] : wkbFields,
    }),
    write: (cell) => write(cell as string),
    filler: write(EMPTY),
  }
}

export const extensionCodecs: Readonly<Record<string, Codec>> = {
  vector: vectorOf('DoubleVector', 'double', doubleText),
  halfvec: vectorOf('FloatVector', 'float', floatText),
  sparsevec: sparseVector,
  geometry: postgis('Geometry'),
  geography: postgis('Geography'),
}
