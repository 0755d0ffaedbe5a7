import { createHash } from 'node:crypto'
import { createReadStream, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Download {
  readonly url: string
  readonly sha256: string
  readonly bytes?: number
}

const attempts = 4

/**
 * Brings a file to `place`, once: what is there under that name is whole and checked. A transfer that broke off goes on
 * where it stopped, a few times; a file with another checksum is refused.
 */
export async function download(file: Download, place: string, progress?: (bytes: number) => void): Promise<void> {
  if (existsSync(place)) return
  const part = `${place}.part`
  for (let attempt = 1; ; attempt++) {
    try {
      await transfer(file, part, progress)
      break
    } catch (cause) {
      if (attempt === attempts) throw unreachable(file, cause)
      await sleep(attempt * 500)
    }
  }
  await check(file, part)
  renameSync(part, place)
}

async function transfer(file: Download, part: string, progress?: (bytes: number) => void): Promise<void> {
  const have = existsSync(part) ? statSync(part).size : 0
  if (have > 0 && have === file.bytes) return
  const response = await fetch(file.url, have > 0 ? { headers: { range: `bytes=${have}-` } } : {})
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`)
  const goesOn = response.status === 206
  const out = await open(part, goesOn ? 'a' : 'w')
  try {
    for await (const chunk of response.body) {
      await out.write(chunk)
      progress?.(chunk.length)
    }
  } finally {
    await out.close()
  }
  const size = statSync(part).size
  if (file.bytes !== undefined && size < file.bytes) throw new Error(`broke off at ${size} of ${file.bytes} bytes`)
}

async function check(file: Download, part: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(part)) hash.update(chunk)
  const found = hash.digest('hex')
  if (found === file.sha256) return
  rmSync(part, { force: true })
  throw new Error(`${file.url} has the SHA-256 ${found}, and ${file.sha256} was expected: it is not used.`)
}

function unreachable({ url }: Download, cause: unknown): Error {
  const why = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : cause
  return new Error(
    `Can't download ${url}: ${why}. The servers of the tests come from Maven Central and PyPI. If this machine reaches them by other addresses, set MAVEN_BASE or PIP_INDEX_URL; if it reaches none, point to servers of your own with CDC_TEST_KAFKA=host:port and CDC_TEST_REGISTRY=url.`,
    { cause },
  )
}

/** A line on standard error at the start, at each quarter and at the end. */
export function progressLine(what: string, total: number): (bytes: number) => void {
  const say = (text: string) => process.stderr.write(`${text}\n`)
  say(`Downloading ${what}, ${(total / 1e6).toFixed(0)} MB, once`)
  let done = 0
  let said = 0
  return (bytes) => {
    done += bytes
    const quarter = Math.floor((done / total) * 4)
    if (quarter <= said) return
    said = quarter
    say(`Downloading ${what}: ${Math.min(100, quarter * 25)} %`)
  }
}
