import type { QuorateError } from '../base/errors.ts';
import type { Question } from './call.ts';
import type { CallName } from './call-options.ts';
import type { Failure } from './failure.ts';
import type { View } from './view.ts';
import type { Fate } from './wait.ts';

/**
 * What a view makes of an answer: plain functions of what the application has called, so that a read which
 * is answered at once makes nothing but its answer.
 */
export type Finish<T, A, R> = (
  view: View<T, never>,
  answer: A,
  name: CallName,
  path: string | undefined,
) => R;

/** The name and the path of a call, as the application knows them. */
export interface Called {
  readonly name: CallName;
  readonly path: string | undefined;
}

/** One call of a view that waits for its answer. */
export class Asked<T, A, R> implements Question<A, R>, Called {
  readonly name: CallName;
  readonly path: string | undefined;
  readonly #view: View<T, never>;
  readonly #finish: Finish<T, A, R>;

  constructor(
    view: View<T, never>,
    name: CallName,
    path: string | undefined,
    finish: Finish<T, A, R>,
  ) {
    this.name = name;
    this.path = path;
    this.#view = view;
    this.#finish = finish;
  }

  get what(): string {
    return whatOf(this);
  }

  reason(): string | undefined {
    return this.#view.source.peer.status.reason;
  }

  result(answer: A): R {
    return this.#finish(this.#view, answer, this.name, this.path);
  }

  error(failure: Failure, fate: Fate): QuorateError {
    return this.#view.failure(this, failure, fate);
  }
}

/** Such as `set /a`. */
export function whatOf({ name, path }: Called): string {
  return path === undefined ? name : `${name} ${path}`;
}
