import type { ServerFields } from '../postgres-error.ts'

const names: Readonly<Record<string, keyof ServerFields>> = {
  C: 'code',
  M: 'message',
  H: 'hint',
  s: 'schema',
  t: 'table',
  c: 'column',
  n: 'constraint',
  R: 'routine',
}

/** The body of an ErrorResponse or NoticeResponse. https://www.postgresql.org/docs/current/protocol-error-fields.html */
export function serverFields(body: Buffer): ServerFields {
  const fields: Partial<Record<keyof ServerFields, string>> = {}
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    if (end === -1) break
    const name = names[String.fromCharCode(body[at]!)]
    if (name !== undefined) fields[name] = body.toString('utf8', at + 1, end)
    at = end + 1
  }
  return fields
}
