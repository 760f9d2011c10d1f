// The one state that the tabs share: the vectors that are trained or opened.

export interface Vectors {
  readonly words: readonly string[];
  readonly dim: number;
  /** words.length x dim, row-major. Nobody writes into it: a newer state is a new matrix. */
  readonly matrix: Float32Array;
  readonly from: "training" | "file";
  /** What they are, for headings: "Brown corpus", "glove.6B.50d.txt". */
  readonly label: string;
  /** false while training goes on. */
  readonly done: boolean;
}

type Listener<T> = (value: T) => void;

export class Store {
  private current: Vectors | null = null;
  private readonly listeners = new Set<Listener<Vectors | null>>();
  private readonly faultListeners = new Set<Listener<unknown>>();

  get vectors(): Vectors | null {
    return this.current;
  }

  set(vectors: Vectors | null): void {
    this.current = vectors;
    for (const listener of this.listeners) listener(vectors);
  }

  /** Calls back after each change. Returns what ends that. */
  subscribe(listener: Listener<Vectors | null>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Shows on the page what went wrong. */
  fail(error: unknown): void {
    for (const listener of this.faultListeners) listener(error);
  }

  onFault(listener: Listener<unknown>): void {
    this.faultListeners.add(listener);
  }
}
