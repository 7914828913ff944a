/** Keeps the last result of a pure function while its inputs are the same objects. */
export class Memo<I extends readonly unknown[], R> {
  private last: { readonly inputs: I; readonly result: R } | undefined;

  constructor(private readonly compute: (...inputs: I) => R) {}

  /** Returns the last result if every input is the same object (`Object.is`), else computes and keeps a new one. */
  get(...inputs: I): R {
    const { last } = this;
    if (last !== undefined && inputs.every((input, i) => Object.is(input, last.inputs[i])))
      return last.result;
    const result = this.compute(...inputs);
    this.last = { inputs, result };
    return result;
  }
}
