/** The tree of a run of the recipes, transaction by transaction, as the watches told it. */
import type { Feed, Told } from '../history.ts';
import { type Hole, sequenceOf } from '../transactions.ts';
import { TreeModel } from '../tree-model.ts';
import { placeOf } from './recipe-places.ts';

/** What was told, put together. */
export interface Replayed {
  /** With every state of every node. */
  readonly model: TreeModel;
  readonly transactions: readonly Told[];
  readonly holes: readonly Hole[];
  /** What cannot be, and where watches contradict each other. */
  readonly violations: readonly string[];
}

/** Follows all feeds. */
export function replay(feeds: readonly Feed[]): Replayed {
  const { steps, holes, violations: contradictions } = sequenceOf(feeds);
  const violations = [...contradictions];
  // Who enters a double barrier looks for the node of its round by making it and deleting it again.
  const model = new TreeModel((path) => path === placeOf('rounds'));
  const transactions: Told[] = [];
  for (const step of steps) {
    const { told } = step;
    if (step.type === 'transaction') {
      transactions.push(told);
      violations.push(...model.apply(told).map((fault) => `${told.zxid}: ${fault}`));
    } else if (step.after !== undefined) model.jump(told);
    else {
      const nodes = told.changes.flatMap((one) => (one.type === 'deleted' ? [] : [one.node]));
      const differences = model.differences(nodes);
      violations.push(...differences.map((one) => `peer ${step.peer} at ${told.zxid}: ${one}`));
    }
  }
  return { model, transactions, holes, violations };
}
