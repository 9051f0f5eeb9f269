/** A type that only its own parser can produce. Erased at run time. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name }

/** Key of what was asked for: chosen by whoever asks, unique for the installation, 1–64 characters of `A-Za-z0-9._:-`. */
export type IntentID = Brand<string, 'IntentID'>
/** FIX ClOrdID(11): chosen by us, unique for the account for ever, at most 48 characters (Alpaca's older limit). */
export type ClOrdID = Brand<string, 'ClOrdID'>
/** FIX OrderID(37): chosen by the broker. */
export type OrderID = Brand<string, 'OrderID'>
/** FIX ExecID(17): the broker's name for one execution report. */
export type ExecID = Brand<string, 'ExecID'>
/** `environment:broker:name`, such as `paper:sim:main`. */
export type AccountID = Brand<string, 'AccountID'>

const INTENT_ID = /^[A-Za-z0-9._:-]{1,64}$/
/** `AAPL`, `BRK.B`, `EUR/USD`, `SIM.DROP-REPLY`: an allow-list, so that no symbol can carry markup or a path. */
const SYMBOL = /^[A-Z0-9][A-Z0-9._/-]{0,19}$/

export const isIntentID = (text: string): text is IntentID => INTENT_ID.test(text)
export const isSymbol = (text: string): boolean => SYMBOL.test(text)
