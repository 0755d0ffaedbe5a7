import { installedVersions, type PostgresVersion } from '@cdc/servers'
import { Random } from './random.ts'
import { type Configuration, failpointsOf } from './reachable.ts'

export type Action = 'kill' | 'error' | 'rewind' | 'hang'

/** One life of the pipeline process. */
export interface Round {
  /** Armed at the start; what it does, at which visit. */
  readonly failpoint: { readonly name: string; readonly action: Action; readonly visit: number } | undefined
  /** Milliseconds from its start, or where something is armed from its first checkpoint, until it is ended from outside. */
  readonly patience: number
  /** How it is ended then. */
  readonly end: 'kill' | 'term'
}

/** Everything that a seed decides before anything is started. */
export interface Plan extends Configuration {
  readonly seed: number
  readonly version: PostgresVersion
  /** Target tables with constraints of their own are made beforehand. */
  readonly prepared: boolean
  readonly rows: { readonly items: number; readonly ledger: number }
  readonly writers: number
  /** Longest pause between two transactions of a writer. Milliseconds. */
  readonly pause: number
  readonly parallelism: number
  readonly limits: Readonly<Record<string, string | number>>
  readonly files: { readonly name: string; readonly size: string }
  readonly rounds: readonly Round[]
}

/** `version`: on this one, in place of the seed's. */
export function planOf(seed: number, version?: PostgresVersion): Plan {
  const random = new Random(seed)
  const sinks = random.weighted([
    [5, 'jdbc'],
    [2, 'files'],
    [4, 'both'],
  ] as const)
  const state = random.weighted([
    [4, 'directory'],
    [1, 'postgres'],
  ] as const)
  const large = random.chance(0.25)
  return {
    seed,
    version: version ?? installedVersions[Math.abs(seed) % installedVersions.length]!,
    sinks,
    state,
    prepared: random.chance(0.5),
    rows: large ? { items: 4_000, ledger: 20_000 } : { items: 500, ledger: 300 },
    writers: random.int(2, 3),
    pause: random.of([8, 16, 32]),
    parallelism: random.of([1, 2, 4]),
    limits: limitsOf(random),
    files: {
      name: random.of(['all-${sequence}.jsonl', '${schema}.${table}-${sequence}.jsonl']),
      size: random.of(['128MB', '64kb']),
    },
    rounds: roundsOf(random, { sinks, state }),
  }
}

function limitsOf(random: Random): Plan['limits'] {
  const small = random.chance(0.4)
  return {
    'checkpoint-interval': random.of(['20ms', '100ms', '1s']),
    'flush-interval': random.of(['10ms', '200ms']),
    ...(small
      ? { 'batch-rows': random.of([7, 100]), 'batch-bytes': random.of(['4kb', '64kb']), 'read-ahead-bytes': '32kb' }
      : {}),
  }
}

function roundsOf(random: Random, configuration: Configuration): Round[] {
  return Array.from({ length: random.int(2, 3) }, (_, index) => {
    const armed = random.chance(0.8)
    const action = random.weighted([
      [16, 'kill'],
      [2, 'error'],
      [3, 'rewind'],
      [1, 'hang'],
    ] as const)
    const when = random.chance(0.2) ? 'start' : index === 0 || random.chance(0.1) ? 'first' : 'running'
    const { name, often } = random.of(failpointsOf(configuration, when))
    const visit = often ? Math.ceil(random.next() ** 3 * 20) || 1 : random.chance(0.85) ? 1 : 2
    const last = name.endsWith('.close')
    return {
      failpoint: armed ? { name, action, visit: last ? 1 : visit } : undefined,
      // an armed one mostly ends by itself
      patience: armed ? random.int(200, 700) : random.int(50, 900),
      end: (armed && last) || random.chance(0.15) ? 'term' : 'kill',
    }
  })
}

/** In a line or two, for people. */
export function describePlan(plan: Plan): string {
  const { seed, version, sinks, state, prepared, rows, writers, parallelism, limits, files } = plan
  const rounds = plan.rounds.map(({ failpoint, patience, end }) => {
    const outside = `${end} after ${patience} ms`
    return failpoint === undefined ? outside : `${failpoint.name}:${failpoint.action}:${failpoint.visit} or ${outside}`
  })
  const limit = Object.entries(limits).map(([name, value]) => `${name} ${value}`)
  return [
    `seed ${seed}: PostgreSQL ${version}, sinks ${sinks}, state ${state}, ${prepared ? 'prepared' : 'empty'} target, ${rows.items}+${rows.ledger} rows, ${writers} writers, parallelism ${parallelism}, ${limit.join(', ')}, files ${files.name} of ${files.size}`,
    ...rounds.map((text, i) => `  round ${i + 1}: ${text}`),
  ].join('\n')
}
