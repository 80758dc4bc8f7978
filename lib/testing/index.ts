/**
 * quorate/testing: a whole group in one process for the tests of applications, and the simulator that
 * quorate itself is tested with.
 *
 * @packageDocumentation
 */

export { PREDICATES } from './predicates/all.ts';
export type { MachineKind, Simulation, SimulationOptions } from './simulate.ts';
export { simulate } from './simulate.ts';
export type { TestGroup, TestGroupOptions } from './test-group.ts';
export { createTestGroup } from './test-group.ts';
