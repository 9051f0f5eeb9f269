export { planOf } from './planning.ts'
export { simulate } from './world.ts'
