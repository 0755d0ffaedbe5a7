import { createHash } from 'node:crypto'
import { sanitized } from './topic-pattern.ts'

/**
 * The transactional id of a sink: `<prefix>-<pipeline>-<sink>`, with `~` for a hyphen in the two names: `a-b` with sink
 * `c` and `a` with sink `b-c` must not fence each other. The prefix stands as it is, since access control lists name it.
 */
export function transactionalIdOf(prefix: string, pipeline: string, sink: string): string {
  return [prefix, ...[pipeline, sink].map(withoutHyphens)].join('-')
}

const withoutHyphens = (name: string) => name.replaceAll('%', '%25').replaceAll('~', '%7E').replaceAll('-', '~')

/**
 * The topic that keeps a sink's position, where the user names none: `cdc-position.<pipeline>.<sink>`. A dot in a name
 * is doubled; as no name begins with one, the odd dot is between the two.
 */
export function positionTopicOf(pipeline: string, sink: string): string {
  return ['cdc-position', ...[pipeline, sink].map(inTopic)].join('.')
}

/** A program may name its sinks as it likes; what no topic can have in its name is told apart by a hash. */
function inTopic(name: string): string {
  if (/^[\w-][\w.-]*$/.test(name)) return name.replaceAll('.', '..')
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${sanitized(name).replaceAll('.', '_')}-${hash}`
}
