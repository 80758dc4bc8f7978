import { TRUSTED } from './reader.ts';
import type { StateMachine } from './state-machine.ts';
import type { TreeView } from './watch-jump.ts';

/** A state as the comparison of two states reads it: all of it, whoever may read what. */
export function viewOf(state: StateMachine): TreeView {
  return {
    node(path) {
      const found = state.getAcl(path, TRUSTED);
      return found.type === 'error' ? undefined : found;
    },
    children(path) {
      const found = state.children(path, TRUSTED);
      return found.type === 'error' ? [] : found.children;
    },
  };
}
