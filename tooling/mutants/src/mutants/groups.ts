import type { Mutant } from '../mutant.ts'

const parts = ['packages/jdbc/test/parts.live.test.ts']
const shared = ['packages/runtime/src/shared-source.test.ts']
const live = ['apps/cdc/test/kafka-group.live.test.ts']
const exact = ['packages/kafka/test/group-exactly-once.live.test.ts']
const members = ['packages/kafka-client/test/group.live.test.ts']
const rows = 'packages/jdbc/src/postgresql/part-rows.ts'

/** What several processes are promised that share a source. */
export const groupMutants: readonly Mutant[] = [
  {
    name: 'shared-part-not-compared',
    law: 'Who has lost a part while it was frozen finds another token in its row and rolls back.',
    file: rows,
    find: ' AND p.token = m.token RETURNING 1)',
    replace: ' RETURNING 1)',
    tests: [...parts, ...live],
  },
  {
    name: 'shared-part-not-taken-over',
    law: 'Who takes a part over says so before it writes anything else.',
    file: rows,
    find: 'if (known?.position === at && fence.owns(known.token)) continue',
    replace: 'if (known?.position === at) continue',
    tests: parts,
  },
  {
    name: 'shared-whole-position-left',
    law: 'A whole position becomes parts in the transaction of the first of them, and is nowhere else then.',
    file: 'packages/jdbc/src/postgresql/part-store.ts',
    find: '    if (this.#whole !== undefined)\n      this.#fence.mark(',
    replace: '    if (false)\n      this.#fence.mark(',
    tests: parts,
  },
  {
    name: 'shared-checkpoint-believed',
    law: 'What a process saved last of a part says nothing when others have had it since.',
    file: 'packages/runtime/src/where-shares-stand.ts',
    find: 'if (!sink.remembers || mine.size === 0) return share',
    replace: 'if (!sink.remembers || mine.size === 0) return checkpoint?.position ?? share',
    tests: shared,
  },
  {
    name: 'shared-asked-too-early',
    law: 'Sinks are asked where they stand when it is known which parts are ours: until then others move them.',
    file: 'packages/runtime/src/attempt.ts',
    find: '      const share = configured.shares ? await this.#share(checkpoint?.position) : undefined\n      if (share !== undefined) await this.#claim(share)\n      const stands = await this.#together((sink) => sink.stand())\n',
    replace:
      '      const stands = await this.#together((sink) => sink.stand())\n      const share = configured.shares ? await this.#share(checkpoint?.position) : undefined\n      if (share !== undefined) await this.#claim(share)\n',
    tests: shared,
  },
  {
    name: 'shared-place-left',
    law: 'The place in the group is kept over rewinds: leaving it would be a rebalance for everybody.',
    file: 'packages/runtime/src/pipeline.ts',
    find: 'this.#kept ??= make()',
    replace: 'this.#kept = make()',
    tests: shared,
  },
  {
    name: 'shared-handed-over-at-once',
    law: 'A partition is given up when what was read of it is durable and its offset committed.',
    file: 'packages/kafka-client/src/intake/membership.ts',
    find: '      await this.#ended(this.#turn)\n',
    replace: '      this.#turn.end()\n',
    tests: live,
  },
  {
    name: 'shared-offsets-left-out',
    law: 'From Kafka to Kafka records and the group’s offsets are one transaction.',
    file: 'packages/kafka-client/src/delivery/delivery.ts',
    find: '      if (position !== undefined) await this.#place?.move(this.#producer!, position, signal)\n',
    replace: '',
    tests: [...exact, ...live],
  },
  {
    name: 'shared-generation-not-told',
    law: 'The group refuses the offsets of who has lost its partitions, and with them the records.',
    file: 'packages/kafka-client/src/intake/membership.ts',
    find: 'sendOffsets!(this.#member, offsets, held)',
    replace: 'sendOffsets!({ groupId: this.#group }, offsets, held)',
    tests: exact,
  },
  {
    name: 'shared-unstable-offsets',
    law: 'Who takes a partition over waits for the transaction of the one before: its offsets may yet count.',
    file: 'packages/kafka-client/src/adapters/platformatic/admin.ts',
    find: 'offsetFetchV8.api, asked, true)',
    replace: 'offsetFetchV8.api, asked, false)',
    tests: [...members, ...live],
  },
  {
    name: 'shared-place-moved-first',
    law: 'The source’s place is moved when every other sink has what it passes.',
    file: 'packages/runtime/src/attempt.ts',
    find: 'this.#flushes = [others, this.#claiming]',
    replace: 'this.#flushes = [this.#claiming, others]',
    tests: shared,
  },
  {
    name: 'shared-former-position-left',
    law: 'What one process has kept becomes the group’s; else it would be read once more.',
    file: 'packages/kafka-client/src/delivery/group-place.ts',
    find: 'await claim.starts(position)',
    replace: 'await claim.starts(undefined)',
    tests: exact,
  },
]
