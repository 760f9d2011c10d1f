/** The method by which console.log asks an object for its text, in Node, Deno and Bun. */
const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * What tensors and modules share: console.log shows their text, `using` disposes of them.
 * A bundler keeps every class with a key like [inspect], used or not; so this small one alone has it.
 */
export abstract class Resource {
  abstract dispose(): void;

  /** @internal */
  [inspect](): string {
    return "isDisposed" in this && this.isDisposed ? "tensor(disposed)" : this.toString();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
