import type { FaultyProxy, Link } from '@cdc/servers'
import type { WireMessage } from './wire.ts'

/** What the network does at a message. */
export interface Fault {
  /** Begins a sentence that ends with the phase. */
  readonly name: string
  /** How many bytes of the message still pass: none, half of it, or all. */
  readonly passes: 'none' | 'half' | 'all'
  readonly strike: (link: Link, proxy: FaultyProxy) => void
  /** Does nobody hear of it, so that only a limit of time can find it? */
  readonly silent?: boolean
  /** Must the pipeline go on as if nothing were? */
  readonly harmless?: boolean
}

/** For how long a larger fault lasts. Milliseconds. */
const OUTAGE = 600

export const faults: readonly Fault[] = [
  { name: 'a reset before', passes: 'none', strike: (link) => link.reset() },
  { name: 'a cut in the middle of', passes: 'half', strike: (link) => link.reset() },
  { name: 'a reset after', passes: 'all', strike: (link) => link.reset() },
  { name: 'an orderly end before', passes: 'none', strike: (link) => link.finish() },
  { name: 'an end that only the pipeline hears of, before', passes: 'none', strike: (link) => link.finish('down') },
  { name: 'an end that only the server hears of, before', passes: 'none', strike: (link) => link.finish('up') },
  { name: 'silence both ways before', passes: 'none', silent: true, strike: (link) => link.swallow() },
  { name: 'silence both ways in the middle of', passes: 'half', silent: true, strike: (link) => link.swallow() },
  { name: 'a server that hears nothing from', passes: 'none', silent: true, strike: (link) => link.swallow('up') },
  { name: 'a pipeline that hears nothing after', passes: 'all', silent: true, strike: (link) => link.swallow('down') },
  { name: 'a delay from', passes: 'none', harmless: true, strike: (_, proxy) => proxy.delay(5) },
  { name: 'a trickle from', passes: 'half', harmless: true, strike: (_, proxy) => proxy.throttle(400_000) },
  { name: 'packets of 500 bytes from', passes: 'half', harmless: true, strike: (_, proxy) => proxy.fragment(500) },
  {
    name: 'connections that are refused from',
    passes: 'none',
    strike: (_, proxy) => {
      proxy.refuse()
      proxy.reset()
      setTimeout(() => proxy.resume(), OUTAGE)
    },
  },
  {
    name: 'a network that swallows everything from',
    passes: 'half',
    silent: true,
    strike: (_, proxy) => {
      proxy.swallow()
      setTimeout(() => proxy.resume(), OUTAGE)
    },
  },
]

/** Where in its piece the fault strikes. */
export function offset({ passes }: Fault, { start, end }: WireMessage): number {
  const from = Math.max(0, start)
  return passes === 'none' ? from : passes === 'all' ? end : from + Math.floor((end - from) / 2)
}
