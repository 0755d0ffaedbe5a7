import { type Logger, positionContext, type SinkAdmin, type SourceAdmin } from '@cdc/core'
import type { NamedSink } from '@cdc/runtime'
import type { LoadedPipeline } from './config/resolve.ts'
import { error } from './errors.ts'
import { contextOf } from './session.ts'

/** The source's side for operators. Throws NOT_SUPPORTED where the connector has none. */
export function sourceAdmin(loaded: LoadedPipeline, logger: Logger): SourceAdmin {
  const { configured } = loaded.source
  const admin = configured.admin?.(contextOf(loaded, logger))
  if (admin !== undefined) return admin
  const message = `Source '${configured.connector}' offers nothing to inspect or to reset.`
  throw error('NOT_SUPPORTED', { message, hint: 'It can be run; `cdc validate` checks its options.' })
}

/** The same for a sink; undefined where the connector has none. */
export function sinkAdmin(named: NamedSink, loaded: LoadedPipeline, logger: Logger): SinkAdmin | undefined {
  const context = { ...contextOf(loaded, logger), sink: named.name }
  return named.sink.admin?.({ ...context, ...positionContext(loaded.source.configured) })
}
