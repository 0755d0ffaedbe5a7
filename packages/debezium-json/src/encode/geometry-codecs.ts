import { doubleText } from '../text/json-text.ts'
import type { Codec, Present } from './codec.ts'
import { type ConnectSchema, field, optional, required } from './connect-schema.ts'
import { named } from './plain-codecs.ts'

type Point = readonly [x: number, y: number]

const numbers = (text: string) =>
  Array.from(text.matchAll(/[-+]?(?:Infinity|NaN|[\d.]+(?:e[-+]?\d+)?)/g), (one) => Number(one[0]))

/** The points in a text such as `((0,0),(1,2))`, whatever brackets it has. */
function pointsOf(text: string): Point[] {
  const all = numbers(text)
  return Array.from({ length: all.length / 2 }, (_, i): Point => [all[2 * i]!, all[2 * i + 1]!])
}

/** Well-known binary, little-endian (OGC 06-103r4, 8.2.3). */
const WKB_POINT = 1
const WKB_LINE = 2
const WKB_POLYGON = 3

function wellKnownBinary(kind: number, points: readonly Point[]): string {
  const counts = kind === WKB_POINT ? 0 : kind === WKB_LINE ? 1 : 2
  const bytes = Buffer.alloc(5 + 4 * counts + 16 * points.length)
  bytes.writeUInt8(1, 0)
  let at = bytes.writeUInt32LE(kind, 1)
  // a polygon has one ring
  if (kind === WKB_POLYGON) at = bytes.writeUInt32LE(1, at)
  if (kind !== WKB_POINT) at = bytes.writeUInt32LE(points.length, at)
  for (const [x, y] of points) {
    at = bytes.writeDoubleLE(x, at)
    at = bytes.writeDoubleLE(y, at)
  }
  return bytes.toString('base64')
}

const pointSchema: ConnectSchema = named('struct', 'io.debezium.data.geometry.Point', {
  doc: 'Geometry (POINT)',
  fields: [
    field('x', required('double')),
    field('y', required('double')),
    field('wkb', optional('bytes')),
    field('srid', optional('int32')),
  ],
})

const writePoint = ([x, y]: Point) =>
  `{"x":${doubleText(x)},"y":${doubleText(y)},"wkb":"${wellKnownBinary(WKB_POINT, [[x, y]])}","srid":null}`

export const pointCodec: Codec = {
  schema: pointSchema,
  write: (cell) => writePoint(pointsOf(cell as string)[0]!),
  filler: writePoint([0, 0]),
}

export const lineCodec: Codec = {
  schema: named('struct', 'io.debezium.data.geometry.Line', {
    doc: 'Geometry (LINE)',
    fields: [field('a', required('double')), field('b', required('double')), field('c', required('double'))],
  }),
  alwaysOptional: true,
  write: (cell) => {
    const [a, b, c] = numbers(cell as string).map(doubleText)
    return `{"a":${a},"b":${b},"c":${c}}`
  },
  filler: '{"a":0.0,"b":1.0,"c":0.0}',
}

const writeCircle = (text: string) => {
  const [x, y, radius] = numbers(text) as [number, number, number]
  return `{"center":${writePoint([x, y])},"radius":${doubleText(radius)}}`
}

export const circleCodec: Codec = {
  schema: named('struct', 'io.debezium.data.geometry.Circle', {
    doc: 'Geometry (CIRCLE)',
    fields: [field('center', { ...pointSchema, optional: false }), field('radius', required('double'))],
  }),
  alwaysOptional: true,
  write: (cell) => writeCircle(cell as string),
  filler: writeCircle('<(0,0),0>'),
}

const extensions: ConnectSchema = { type: 'map', keys: required('string'), values: required('string'), optional: true }
const geometrySchema: ConnectSchema = named('struct', 'io.debezium.data.geometry.Geometry', {
  version: 2,
  doc: 'Geometry',
  fields: [field('wkb', required('bytes')), field('srid', optional('int32')), field('extensions', extensions)],
})

const geometry = (wkb: string, kind: string, more = '') =>
  `{"wkb":"${wkb}","srid":null,"extensions":{"type":"${kind}"${more}}}`

function writeBox(text: string): string {
  const [[right, top], [left, bottom]] = pointsOf(text) as [Point, Point]
  const ring: Point[] = [
    [right, top],
    [right, bottom],
    [left, bottom],
    [left, top],
    [right, top],
  ]
  return geometry(wellKnownBinary(WKB_POLYGON, ring), 'box')
}

function writePolygon(text: string): string {
  const points = pointsOf(text)
  const [first, last] = [points[0]!, points.at(-1)!]
  const closed = first[0] === last[0] && first[1] === last[1]
  return geometry(wellKnownBinary(WKB_POLYGON, closed ? points : [...points, first]), 'polygon')
}

function writePath(text: string): string {
  return geometry(wellKnownBinary(WKB_LINE, pointsOf(text)), 'path', `,"closed":"${text.startsWith('(')}"`)
}

const writeSegment = (text: string) => geometry(wellKnownBinary(WKB_LINE, pointsOf(text)), 'lseg')

const codec = (write: (text: string) => string, filler: string): Codec => ({
  schema: geometrySchema,
  alwaysOptional: true,
  write: (cell: Present) => write(cell as string),
  filler,
})

/** lseg, box, path and polygon. The fillers are Debezium's, down to the one that does not say whether it is closed. */
export const geometryCodecs: Readonly<Record<string, Codec>> = {
  lseg: codec(writeSegment, writeSegment('[(0,0),(1,0)]')),
  box: codec(
    writeBox,
    geometry(
      wellKnownBinary(WKB_POLYGON, [
        [0, 0],
        [0, 1],
        [1, 1],
        [1, 0],
        [0, 0],
      ]),
      'box',
    ),
  ),
  path: codec(
    writePath,
    geometry(
      wellKnownBinary(WKB_LINE, [
        [0, 0],
        [1, 0],
      ]),
      'path',
    ),
  ),
  polygon: codec(
    writePolygon,
    geometry(
      wellKnownBinary(WKB_POLYGON, [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
      'polygon',
    ),
  ),
}
