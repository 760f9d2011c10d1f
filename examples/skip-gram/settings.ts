// What a training can be told.

/** The learning rates that the optimizers start with, unless told. */
export const LEARNING_RATES = { sgd: 0.025, adagrad: 0.05 };

export type OptimizerName = keyof typeof LEARNING_RATES;

export interface Settings {
  epochs: number;
  dim: number;
  seed: number;
  /** How many words to each side are neighbours at most. 5 unless given. */
  window?: number;
  /** Words drawn by chance for each neighbour. 5 unless given. */
  negatives?: number;
  /** "sgd" unless given. */
  optimizer?: OptimizerName;
  /** At the start; it falls in a straight line to a ten-thousandth at the end. That of LEARNING_RATES unless given. */
  learningRate?: number;
}
