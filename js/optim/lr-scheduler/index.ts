export { type PlateauOptions, ReduceLROnPlateau } from "./plateau.js";
export { CosineAnnealingLR, LambdaLR, type LRLambda, StepLR } from "./rules.js";
export { LRScheduler, type Scheduled, Scheduler, type SchedulerStateDict } from "./scheduler.js";
