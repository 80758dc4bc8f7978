/**
 * Hears how full a queue is, in entries or in bytes as its name says, and what its cap is: a bound that
 * the code keeps by itself, whatever others do. More than that in it is a bug (S34).
 */
export type Meter = (queue: string, size: number, cap: number) => void;
