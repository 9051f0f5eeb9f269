import { brokerContract, type Skip } from '../../ports/broker.contract.ts'
import { alpacaBench } from './bench.contract.ts'

const WHOLE_ENTRY = 'Alpaca’s exits begin to work only once the entry has filled completely ("Bracket Orders")'
const PAIRS = 'Alpaca names the stop of a pair itself, so a pair could not be found again by our names for it'
const SKIPS: readonly Skip[] = [
  { test: 'the legs of a bracket follow the fills of their entry', reason: WHOLE_ENTRY },
  { test: 'a pair is told, both of it, before it leaves', reason: PAIRS },
  { test: 'a pair is two orders under names of ours, of which one cancels the other', reason: PAIRS },
  { test: 'a pair whose target fills in part has a smaller stop', reason: PAIRS },
  {
    test: 'immediate-or-cancel ends with what it got',
    reason: 'ioc is for accounts that asked Alpaca for it; those of others are accepted and canceled ("Time in Force")',
  },
]

brokerContract('alpaca, binary frames', () => alpacaBench({ frames: 'binary' }), SKIPS)
brokerContract('alpaca, text frames', () => alpacaBench({ frames: 'text' }), SKIPS)

// Whether a replacement takes over the fills of the order before it is disputed: the other answer must do as well.
brokerContract(
  'alpaca, replacements that begin at nothing',
  async () => {
    const bench = await alpacaBench()
    bench.simulator.fate.carryFills(false)
    return bench
  },
  SKIPS,
)
