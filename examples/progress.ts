/** What training tells after each step. */
export interface Progress {
  /** Samples seen, all epochs together, and how many there will be. */
  readonly seen: number;
  readonly total: number;
  /** Mean loss of the step's samples. */
  readonly loss: number;
}
