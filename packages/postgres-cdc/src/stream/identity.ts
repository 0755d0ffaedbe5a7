import type { Identity } from '@cdc/core'

interface WithIdentity {
  readonly kind: string
  readonly identity: Identity
}

/**
 * What old rows of a table can be relied on to show. Partitions that are published by themselves go by their own
 * identity, so the table shows what the weakest of them does.
 */
export function effectiveIdentity(
  table: WithIdentity,
  leaves: readonly { readonly identity: Identity }[],
  viaRoot: boolean,
): Identity {
  if (table.kind !== 'p' || viaRoot || leaves.length === 0) return table.identity
  return leaves.every(({ identity }) => identity === 'full') ? 'full' : 'default'
}
