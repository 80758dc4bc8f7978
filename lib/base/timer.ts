/** Longest time of a timer of Node, ms: it holds 31 bits, and does not wait at all for more. */
export const TIMER_MAX = 2_147_483_647;
