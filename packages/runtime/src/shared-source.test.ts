import {
  type Batch,
  CdcError,
  type ConfiguredSink,
  type ConfiguredSource,
  type Position,
  type PositionRules,
  type Share,
  type SinkCapabilities,
  silentLogger,
} from '@cdc/core'
import { describe, expect, test } from 'vitest'
import { pipeline } from './pipeline.ts'
import { memoryState } from './state/index.ts'
import { whereSharesStand } from './where-shares-stand.ts'

/** Positions `a=1,b=2`, the parts by name. */
const partsOf = (position: Position) =>
  new Map(position === '' ? [] : position.split(',').map((one) => one.split('=') as [string, string]))
const format = (parts: ReadonlyMap<string, string>) =>
  [...parts]
    .sort()
    .map(([name, at]) => `${name}=${at}`)
    .join()
const rules: PositionRules = {
  compare(a, b) {
    const orders = [...partsOf(a)].map(([name, at]) => Math.sign(Number(at) - Number(partsOf(b).get(name) ?? at)))
    return orders.every((one) => one === orders[0]) ? ((orders[0] ?? 0) as -1 | 0 | 1) : undefined
  },
  lowest: (positions) =>
    format(
      new Map(
        [...partsOf(positions[0]!).keys()].map((name) => [
          name,
          String(Math.min(...positions.map((one) => Number(partsOf(one).get(name))))),
        ]),
      ),
    ),
  merge: (own, read) => {
    const all = new Map(partsOf(read))
    for (const [name, at] of partsOf(own)) if (Number(at) > Number(all.get(name) ?? -1)) all.set(name, at)
    return format(all)
  },
  contains: () => () => false,
  settled: () => true,
  describe: (position) => position,
  parts: (position) => new Map([...partsOf(position)].map(([name, at]) => [name, `${name}=${at}`])),
  join: (parts) => [...parts.values()].sort().join(),
}

describe('where a process stands that shares a source', () => {
  const saved = (position: string, sinks: Record<string, string | null>) => ({ position, sinks })
  const jdbc = (position?: string) => ({ sink: 'jdbc', remembers: true, position })
  const file = (position?: string) => ({ sink: 'file', remembers: true, position, apart: true as const })
  const print = { sink: 'print', remembers: false, position: undefined }
  const from = (
    checkpoint: Parameters<typeof whereSharesStand>[0],
    sinks: Parameters<typeof whereSharesStand>[1],
    share: Position,
  ) => whereSharesStand(checkpoint, sinks, rules, share)

  test('is what a sink that remembers says of each part of the share, else what the group knows', () => {
    expect(from(undefined, [jdbc('a=7,c=9')], 'a=5,b=3')).toMatchObject({ from: 'a=7,b=3', sinks: ['a=7,b=3'] })
  })
  test('is what the group knows for a sink that does not remember, however old the checkpoint is', () => {
    expect(from(saved('a=2,b=90', { print: null }), [print], 'a=5,b=3')).toMatchObject({ from: 'a=5,b=3' })
  })
  test('is the later of both for a sink that each process has for itself', () => {
    expect(from(undefined, [file('a=7,b=1')], 'a=5,b=3')).toMatchObject({ from: 'a=7,b=3' })
  })
  test('is the lowest of all sinks, each with its own', () => {
    expect(from(undefined, [jdbc('a=7,b=8'), print], 'a=5,b=8')).toEqual({
      from: 'a=5,b=8',
      sinks: ['a=7,b=8', 'a=5,b=8'],
      setBack: undefined,
    })
  })
  test('is nowhere without parts', () => {
    expect(from(undefined, [jdbc('a=7')], '')).toMatchObject({ from: '', sinks: [''] })
  })
  test('a target that was set back is named, one that was emptied is refused', () => {
    expect(from(saved('a=7', { jdbc: 'a=7' }), [jdbc('a=3')], 'a=7')).toMatchObject({ from: 'a=3', setBack: 'jdbc' })
    const emptied = expect.objectContaining({ code: 'TARGET_BEHIND' })
    expect(() => from(saved('a=7', { jdbc: 'a=7' }), [jdbc()], 'a=7')).toThrow(emptied)
    expect(() => from(saved('a=7,b=1', { jdbc: 'a=7,b=1' }), [jdbc('b=1')], 'a=7')).toThrow(emptied)
    expect(() => from(saved('a=7', { jdbc: 'a=7' }), [jdbc('a=7'), print], 'a=7')).toThrow(
      expect.objectContaining({ code: 'SINK_ADDED' }),
    )
  })
})

/** Gives what is asked of it, one share a turn, and notes all that happens. */
class Shared {
  readonly log: string[] = []
  readonly ends: AbortController[] = []
  readonly lost: AbortController[] = []
  readonly kept: object[] = []
  disposed = 0

  /** Was the source told that a sink moves its place? */
  claimed: boolean | undefined
  readonly #shares: readonly string[]
  readonly #claims: string | undefined

  constructor(shares: readonly string[], claims?: string) {
    this.#shares = shares
    this.#claims = claims
  }

  get configured(): ConfiguredSource {
    return {
      kind: 'source',
      connector: 'shared',
      emits: 'append',
      positions: rules,
      shown: {},
      shares: true,
      ...(this.#claims === undefined ? {} : { claims: this.#claims }),
      create: ({ keep, claimed }) => {
        this.claimed = claimed
        this.kept.push(keep!(() => ({ [Symbol.asyncDispose]: async () => void this.disposed++ })))
        return {
          open: async () => {},
          share: async () => this.#share(),
          read: (after, signal) => this.#read(after!, signal),
          acknowledge: async (position) => void this.log.push(`acknowledged ${position}`),
          close: async () => void this.log.push('closed'),
        }
      },
    }
  }

  #share(): Share {
    const [ends, lost] = [new AbortController(), new AbortController()]
    this.ends.push(ends)
    this.lost.push(lost)
    const position = this.#shares[this.ends.length - 1]!
    this.log.push(`share ${position}`)
    const claim = this.#claims === undefined ? {} : { claim: { kind: this.#claims } }
    return { position, ends: ends.signal, lost: lost.signal, ...claim }
  }

  async *#read(after: Position, signal: AbortSignal): AsyncGenerator<Batch> {
    this.log.push(`read ${after}`)
    const parts = new Map([...partsOf(after)].map(([name, at]) => [name, String(Number(at) + 1)]))
    yield { changes: [], position: format(parts), bytes: 0 }
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}

describe('a pipeline that shares its source', () => {
  const capabilities: SinkCapabilities = {
    accepts: 'append',
    remembers: false,
    shared: 'no',
    atomicTables: false,
    wholeRows: false,
    keyless: 'append',
    createsTables: false,
    rejects: false,
    takes: [],
  }
  const sinkOf = (
    flush: (position: Position | undefined) => Promise<void>,
    more: Partial<SinkCapabilities> = {},
  ): ConfiguredSink => ({
    kind: 'sink',
    connector: 'noted',
    capabilities: { ...capabilities, ...more },
    shown: {},
    create: () => ({ open: async () => {}, write: async () => {}, flush, close: async () => {} }),
  })
  const run = (shared: Shared, sinks: ConfiguredSink | readonly ConfiguredSink[], signal: AbortSignal) =>
    pipeline({
      name: 'shared',
      source: shared.configured,
      sinks: Array.isArray(sinks) ? sinks : [sinks],
      state: memoryState(),
      logger: silentLogger,
      limits: { checkpointInterval: 60_000, retry: { initialDelay: 1 } },
    }).run(signal)

  test('makes durable and acknowledges what it has read before it asks for the next share, and keeps its place', async () => {
    const shared = new Shared(['a=1,b=1', 'b=2,c=5'])
    const stop = new AbortController()
    const flushed: string[] = []
    const running = run(
      shared,
      sinkOf(async (position) => {
        flushed.push(position!)
        // the first checkpoint is saved at once, and this one only when the share ends
        shared.ends[flushed.length - 1]!.abort()
        if (flushed.length === 2) stop.abort()
      }),
      stop.signal,
    )
    expect((await running).reason).toBe('stopped')
    expect(shared.log).toEqual([
      'share a=1,b=1',
      'read a=1,b=1',
      'acknowledged a=2,b=2',
      'closed',
      'share b=2,c=5',
      'read b=2,c=5',
      'acknowledged b=3,c=6',
      'closed',
    ])
    expect(shared.kept[0]).toBe(shared.kept[1])
    expect(shared.disposed).toBe(1)
  })

  test('asks sinks where they stand when its share is known: others have moved it until then', async () => {
    const shared = new Shared(['a=1'])
    const stop = new AbortController()
    const sink = sinkOf(async () => stop.abort(), { remembers: true, shared: 'parts' })
    const asked: ConfiguredSink = {
      ...sink,
      create: (context) => ({
        ...sink.create(context),
        position: async () => {
          shared.log.push('asked')
          return 'a=7,b=2'
        },
      }),
    }
    await run(shared, asked, stop.signal)
    expect(shared.log).toEqual(['share a=1', 'asked', 'read a=7', 'acknowledged a=8', 'closed'])
  })

  test('drops at once what it was writing of a share that is lost', async () => {
    const shared = new Shared(['a=1', 'b=1'])
    const stop = new AbortController()
    let flushes = 0
    const running = run(
      shared,
      sinkOf(async () => {
        if (++flushes === 2) return stop.abort()
        shared.lost[0]!.abort(new CdcError({ code: 'KAFKA_REBALANCED', kind: 'rewind', message: 'lost' }))
        // a sink that would go on for ever
        await new Promise(() => {})
      }),
      stop.signal,
    )
    expect((await running).reason).toBe('stopped')
    expect(shared.log.filter((line) => line !== 'closed')).toEqual([
      'share a=1',
      'read a=1',
      'share b=1',
      'read b=1',
      'acknowledged b=2',
    ])
  })

  /** A sink that moves the place of such a source, and notes what it is asked. */
  const claiming = (shared: Shared, claims: string): ConfiguredSink => {
    const sink = sinkOf(async (position) => void shared.log.push(`moved ${position}`), { remembers: true, claims })
    return {
      ...sink,
      create: (context) => ({
        ...sink.create(context),
        claim: async ({ kind }) => void shared.log.push(`claim ${kind} of ${context.parts?.process?.length}`),
        position: async () => {
          shared.log.push('asked')
          return 'a=7'
        },
      }),
    }
  }

  test('hands the claim to the sink that knows it before it asks it, and flushes it when the others are flushed', async () => {
    const shared = new Shared(['a=1'], 'place')
    const stop = new AbortController()
    const slow = sinkOf(async (position) => {
      await new Promise(setImmediate)
      shared.log.push(`flushed ${position}`)
      stop.abort()
    })
    await run(shared, [claiming(shared, 'place'), slow], stop.signal)
    expect(shared.claimed).toBe(true)
    expect(shared.log).toEqual([
      'share a=1',
      'claim place of 16',
      'asked',
      'read a=1',
      'flushed a=2',
      'moved a=7',
      'acknowledged a=2',
      'closed',
    ])
  })

  test('is refused with two sinks that would move its place, or with one that knows another claim', () => {
    const refusal = (...claims: string[]) => {
      const shared = new Shared([], 'place')
      const sinks = claims.map((one) => claiming(shared, one))
      return () => run(shared, sinks, new AbortController().signal)
    }
    expect(refusal('place', 'place')).toThrow(expect.objectContaining({ code: 'PLACE_CLAIMED_TWICE' }))
    expect(refusal('other')).toThrow(expect.objectContaining({ code: 'SINK_NOT_SHARED' }))
  })

  test('is refused with a sink that keeps one position for all', () => {
    const sink = sinkOf(async () => {}, { remembers: true })
    expect(() => run(new Shared([]), sink, new AbortController().signal)).toThrow(
      expect.objectContaining({ code: 'SINK_NOT_SHARED' }),
    )
  })
})
