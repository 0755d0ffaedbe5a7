import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process and all below it, parents first. Each backend has a process group of its own, so a group is not enough. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const [pid, parent] of processes()) children.set(parent, [...(children.get(parent) ?? []), pid])
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

function processes(): [pid: number, parent: number][] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          // the name in brackets may hold blanks and brackets itself
          const afterName = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!
          return [[Number(name), Number(afterName.split(' ')[1])] as [number, number]]
        } catch {
          return []
        }
      })
  }
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
}
