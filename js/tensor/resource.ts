/** The method by which console.log asks an object for its text, in Node, Deno and Bun. */
const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * What tensors and modules share: console.log shows their text, `using` disposes of them.
 * A bundler keeps every class with a key like [inspect], used or not; so this small one alone has it.
 */
export abstract class Resource {
  abstract dispose(): void;

  /** @internal What is disposed of has no text, and says so; console.log must not throw. */
  [inspect](): string {
    try {
      return this.toString();
    } catch (error) {
      return String(error);
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
