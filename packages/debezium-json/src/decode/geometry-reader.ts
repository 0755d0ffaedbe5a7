import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts'
import { bad, bytes, double, object } from './scalar-readers.ts'

/** Geometric values as PostgreSQL prints them. */

const numberOf = (json: JsonObject, name: string) => double(json.get(name) ?? bad(`the field ${name}`))

/** As the server prints a float8: with an exponent below 1e-4 and from 1e15 on. */
function printed(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value)
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const power = Number(exponent)
  if (power >= -4 && power < 15) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

export function point(json: JsonValue): string {
  const parts = object(json)
  return `(${printed(numberOf(parts, 'x'))},${printed(numberOf(parts, 'y'))})`
}

export function line(json: JsonValue): string {
  const parts = object(json)
  return `{${['a', 'b', 'c'].map((name) => printed(numberOf(parts, name))).join(',')}}`
}

export function circle(json: JsonValue): string {
  const parts = object(json)
  return `<${point(parts.get('center') ?? bad('the field center'))},${printed(numberOf(parts, 'radius'))}>`
}

/** lseg, box, path and polygon; PostGIS's own as hexadecimal EWKB. */
export function geometry(json: JsonValue): string {
  const parts = object(json)
  const wkb = bytes(parts.get('wkb') ?? bad('the field wkb'))
  const extensions = parts.get('extensions')
  if (!(extensions instanceof Map)) return Buffer.from(wkb).toString('hex').toUpperCase()
  const points = pointsOf(Buffer.from(wkb))
  switch (extensions.get('type')) {
    case 'lseg':
      return `[${points.join(',')}]`
    case 'box':
      return `${points[0]},${points[2]}`
    case 'path':
      return extensions.get('closed') === 'true' ? `(${points.join(',')})` : `[${points.join(',')}]`
    case 'polygon':
      // its ring ends where it began
      return `(${(points.length > 1 ? points.slice(0, -1) : points).join(',')})`
    default:
      return bad('a geometric type')
  }
}

const POLYGON = 3

function pointsOf(wkb: Buffer): string[] {
  if (wkb.length < 9 || wkb[0] !== 1) return bad('well-known binary')
  const start = wkb.readUInt32LE(1) === POLYGON ? 13 : 9
  if ((wkb.length - start) % 16 !== 0) return bad('well-known binary')
  return Array.from({ length: (wkb.length - start) / 16 }, (_, i) => {
    const at = start + 16 * i
    return `(${printed(wkb.readDoubleLE(at))},${printed(wkb.readDoubleLE(at + 8))})`
  })
}

/** A vector of pgvector. */
export function vector(json: JsonValue): string {
  if (!Array.isArray(json)) return bad('an array')
  return `[${(json as readonly JsonValue[]).map((one) => printed(double(one))).join(',')}]`
}

/** A sparse one: `{1:1.5,3:2}/5`. */
export function sparseVector(json: JsonValue): string {
  const parts = object(json)
  const [entries, dimensions] = [parts.get('vector'), parts.get('dimensions')]
  if (!Array.isArray(entries) || !(dimensions instanceof JsonNumber)) return bad('a sparse vector')
  const pairs = (entries as readonly JsonValue[]).map((pair) => {
    const [at, value] = Array.isArray(pair) ? (pair as readonly JsonValue[]) : []
    return at instanceof JsonNumber ? `${at.text}:${printed(double(value ?? null))}` : bad('a sparse vector')
  })
  return `{${pairs.join(',')}}/${dimensions.text}`
}
