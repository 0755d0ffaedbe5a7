import { kafkaError } from '../errors.ts'
import { propertyTable } from './property-table.ts'

/** Reads values, and keeps every fault, so that the user sees all of them at once. */
export class PropertyReader {
  readonly #values: Readonly<Record<string, string>>
  readonly faults: string[] = []

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values
  }

  text(name: string): string | undefined {
    return Object.hasOwn(this.#values, name) ? this.#values[name]!.trim() : undefined
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T, fold = false): T {
    const given = this.text(name)
    if (given === undefined) return fallback
    const found = allowed.find((one) => one === given || (fold && one.toLowerCase() === given.toLowerCase()))
    if (found !== undefined) return found
    this.faults.push(`properties.${name} is one of ${allowed.join(', ')}.`)
    return fallback
  }

  /** A whole number, with the default of the table. */
  number(name: string, least = 0): number {
    const treatment = propertyTable[name]
    const fallback = treatment?.does === 'supported' ? treatment.default : '0'
    const given = this.text(name) ?? fallback
    const value = Number(given)
    if (/^\d+$/.test(given) && value >= least && value <= 2_147_483_647) return value
    this.faults.push(`properties.${name} is a whole number from ${least}.`)
    return Number(fallback)
  }

  fault(text: string): void {
    this.faults.push(text)
  }

  throwFaults(): void {
    if (this.faults.length === 0) return
    throw kafkaError('KAFKA_PROPERTY', { message: this.faults.join('\n') })
  }
}
