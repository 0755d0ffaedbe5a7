import { pgError } from '../errors.ts'
import type { ServerFields } from '../postgres-error.ts'
import { serverFields } from './server-fields.ts'

const COPY_BOTH = 0x57
const COPY_DONE = 0x63
const COMMAND_COMPLETE = 0x43
const READY_FOR_QUERY = 0x5a
const ERROR = 0x45
const NOTICE = 0x4e
const PARAMETER = 0x53

/** What a message says that stands between the data of a stream. */
export type Control =
  | { readonly kind: 'started' | 'ended' | 'parameter' }
  | { readonly kind: 'error' | 'notice'; readonly fields: ServerFields }

/**
 * Reads such a message. Throws PROTOCOL_BROKEN for every one that has no place in a stream, or not its form: one that
 * is left out unread might have been data.
 */
export function readControl(type: number, body: Buffer): Control {
  switch (type) {
    case COPY_BOTH:
      return { kind: 'started' }
    case COPY_DONE:
    case COMMAND_COMPLETE:
    case READY_FOR_QUERY:
      return { kind: 'ended' }
    case ERROR:
      return { kind: 'error', fields: withCode(serverFields(body)) }
    case NOTICE:
      return { kind: 'notice', fields: withCode(serverFields(body)) }
    case PARAMETER:
      assertParameter(body)
      return { kind: 'parameter' }
    default:
      throw pgError('PROTOCOL_BROKEN', {
        message: `A message of type 0x${type.toString(16).padStart(2, '0')} came in the stream, which has none of them.`,
      })
  }
}

function withCode(fields: ServerFields): ServerFields {
  if (fields.code === undefined)
    throw pgError('PROTOCOL_BROKEN', { message: 'The server sent an error or a notice without a code.' })
  return fields
}

/** A name and a value, each ended by a NUL. */
function assertParameter(body: Buffer): void {
  const name = body.indexOf(0)
  if (name <= 0 || body.indexOf(0, name + 1) !== body.length - 1)
    throw pgError('PROTOCOL_BROKEN', { message: 'The server sent a parameter that has no name and value.' })
}
