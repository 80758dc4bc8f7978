/**
 * quorate/testing: a whole group in one process, for the tests of applications.
 *
 * @packageDocumentation
 */

export type { TestGroup, TestGroupOptions } from './test-group.ts';
export { createTestGroup } from './test-group.ts';
