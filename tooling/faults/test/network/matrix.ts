import { type Certificates, makeCertificates, type PostgresServer, startPostgres } from '@cdc/servers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NetworkCase, type Outcome, runCase } from './case.ts'
import { faults } from './faults.ts'
import { Ground } from './ground.ts'
import { encryptedPhases, type LinkName, phases } from './phases.ts'

/** Cases that run side by side: most of the time each waits for a limit of time to pass. */
const WIDTH = Number(process.env.CDC_FAULTS_WIDTH ?? 12)
/** Only cases whose sentence has this in it. */
const only = process.env.CDC_FAULTS_ONLY ?? ''
/** How often each fault strikes. */
const times = Number(process.env.CDC_FAULTS_TIMES ?? 1)

/** All pairs, or one of `SHARE`, such that each phase meets faults of all kinds and each fault phases of all kinds. */
const all = process.env.CDC_FAULTS === 'all' || only !== ''
const SHARE = 8
const chosen = (phase: number, fault: number) => all || (phase + fault) % SHARE === 0

/** Pairs that have found a fault of ours, or that hold a law by themselves: always run. */
const always: ReadonlySet<string> = new Set([
  'silence both ways before the creation of the slot on the link to the source',
  'a pipeline that hears nothing after the creation of the slot on the link to the source',
  'silence both ways before the stream on the link to the source',
  'a server that hears nothing from COMMIT on the link to the target',
  'a reset before the answer to COMMIT on the link to the target',
  'silence both ways before the answer to COMMIT on the link to the target',
  'a reset before the answer to a save on the link to the state',
])

const sentence = ({ link, phase, fault }: NetworkCase) => `${fault.name} ${phase.name} on the link to the ${link}`

/** Every fault in every phase of a link, each a test of its own. `encrypted`: every link is, by TLS. */
export function networkMatrix(link: LinkName, encrypted = false): void {
  describe(`the ${encrypted ? 'encrypted ' : ''}network between the pipeline and its ${link}`, () => {
    const cases = (encrypted ? encryptedPhases : phases[link])
      .flatMap((phase, i) => faults.map((fault, j) => ({ one: { link, phase, fault, times }, share: chosen(i, j) })))
      .filter(({ one, share }) => (share || always.has(sentence(one))) && sentence(one).includes(only))
      .map(({ one }) => one)
    const outcomes = cases.map(() => Promise.withResolvers<Outcome>())
    for (const { promise } of outcomes) promise.catch(() => undefined)
    let server: PostgresServer
    let certificates: Certificates | undefined
    let working: Promise<unknown>

    beforeAll(async () => {
      // a walsender whose client has vanished is gone soon
      const settings = { wal_sender_timeout: '6s' }
      certificates = encrypted ? await makeCertificates() : undefined
      server = await startPostgres({ settings, ...(certificates === undefined ? {} : { tls: certificates.server }) })
      let next = 0
      const work = async () => {
        const ground = await Ground.of(server, encrypted)
        for (let i = next++; i < cases.length; i = next++)
          await runCase(ground, cases[i]!).then(outcomes[i]!.resolve, outcomes[i]!.reject)
      }
      working = Promise.all(Array.from({ length: Math.min(WIDTH, cases.length) }, work))
      working.catch((failure) => {
        for (const { reject } of outcomes) reject(failure)
      })
    })
    afterAll(async () => {
      await working.catch(() => undefined)
      await server.stop()
      certificates?.remove()
    })

    for (const [i, one] of cases.entries())
      test(`${sentence(one)}: nothing is lost and nothing repeated`, async () => {
        const { strikes } = await outcomes[i]!.promise
        expect(strikes).toBe(one.times)
      }, 600_000)
  })
}
