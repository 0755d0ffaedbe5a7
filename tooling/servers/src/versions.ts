/** Major versions that can be started. */
export type PostgresVersion = 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18

/** Installed with the workspace: the oldest that is common, the one of the golden records, the newest. */
export const installedVersions: readonly PostgresVersion[] = [12, 15, 18]

/**
 * The versions that tests run on: 12, 15 and 18, or what `CDC_TEST_POSTGRES` lists (`pnpm test:matrix` sets it to
 * all of 10 to 18).
 */
export const postgresVersions: readonly PostgresVersion[] = versionsFrom(process.env.CDC_TEST_POSTGRES)

function versionsFrom(list: string | undefined): readonly PostgresVersion[] {
  if (list === undefined || list === '') return installedVersions
  return list.split(',').map((text) => {
    const version = Number(text)
    if (!(Number.isInteger(version) && version >= 10 && version <= 18))
      throw new Error(
        `CDC_TEST_POSTGRES holds '${text}': it is a list of major versions from 10 to 18, as in 12,15,18.`,
      )
    return version as PostgresVersion
  })
}
