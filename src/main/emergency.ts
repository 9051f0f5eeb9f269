import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ByFile, Place } from '../api/emergency.ts'
import type { EmergencyDeps } from '../api/routes-emergency.ts'
import { absoluteCommand, accountID, INSTALLATION, inShell, type Settings } from './config.ts'
import { placesIn } from './datadir.ts'
import { readHaltFile } from './haltfile.ts'

const MANUAL = join(INSTALLATION, 'docs', 'emergency.md')

/** What is needed in an emergency and stands in the settings. @param file where the settings are from; null for none. */
export function placeOf(settings: Settings, file: string | null): Place {
  const { phone, secondPhone, hours, accountNumber, does, note } = settings.emergency
  const self = absoluteCommand(settings, file)
  const account = accountID(settings)
  const { halt } = placesIn(settings.dataDir)
  return {
    account,
    broker: settings.account.broker,
    sheet: {
      phone: phone ?? null,
      secondPhone: secondPhone ?? null,
      hours: hours ?? null,
      accountNumber: accountNumber ?? null,
      does: does ?? null,
      note: note ?? null,
    },
    fillIn: `take it from your account’s own page at the broker, and write it below "emergency:" in ${file ?? 'jax-exec.yaml'} (phone, secondPhone, hours, accountNumber, does, note), or on this paper by hand. Then start the gateway again.`,
    now: [
      { what: 'Halt everything; works with the service dead', command: `${self} halt` },
      // The built-in broker lives in the service, and stands still with it.
      ...(settings.account.broker === 'sim'
        ? []
        : [
            {
              what: 'Cancel at the broker from here, until it is proven',
              command: `${self} halt --at-broker --wait 600`,
            },
          ]),
      { what: 'Halt without the program', command: `touch ${inShell(halt)}` },
      { what: 'How it stands now', command: `${self} status` },
      { what: 'This sheet, without a browser', command: `${self} emergency` },
    ],
    close: [
      { what: 'See what would be closed, and how; does nothing', command: `${self} liquidate` },
      {
        what: 'Close all of it; takes a signed-in person',
        command: `${self} liquidate --yes ${account} --reason "why"`,
      },
    ],
    after: [
      { what: 'Compare with the broker at once', command: `${self} reconcile` },
      {
        what: 'Take the broker’s count; write your symbol',
        command: `${self} take-in SYMBOL --reason "closed by the desk at HH:MM, confirmation NUMBER"`,
      },
    ],
    manual: MANUAL,
  }
}

/** Whether the file halts now, and what it says. */
export function byFileIn({ dataDir }: Pick<Settings, 'dataDir'>): ByFile {
  const state = readHaltFile(placesIn(dataDir).halt)
  return state.halted ? { by: state.by, reason: state.reason, at: state.at } : null
}

/** A chapter of the procedures as it is written; null when the paper is not beside the program. */
function chapterOf(name: string): string | null {
  try {
    const text = readFileSync(MANUAL, 'utf8')
    return text.split(/^(?=## )/m).find((part) => part.startsWith(`## ${name} `)) ?? null
  } catch {
    return null
  }
}

export const emergencyOf = (settings: Settings, file: string | null): EmergencyDeps => ({
  place: placeOf(settings, file),
  closed: settings.emergency.page
    ? null
    : 'It is switched off here, because everybody who comes through a proxy seems to be on this machine (emergency.page)',
  byFile: () => byFileIn(settings),
  chapter: chapterOf,
})
