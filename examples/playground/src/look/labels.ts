/** Pixels of a cell's side. */
const CELL = 6;

/** Where labels lie: a grid over the picture that knows which cells are taken. */
export class LabelGrid {
  private readonly columns: number;
  private readonly rows: number;
  private readonly taken: Uint8Array;

  constructor(width: number, height: number) {
    this.columns = Math.floor(width / CELL);
    this.rows = Math.floor(height / CELL);
    this.taken = new Uint8Array(this.columns * this.rows);
  }

  /** Takes a rectangle; or does not, and says false, where it would lie on another or leave the picture. */
  claim(left: number, top: number, width: number, height: number): boolean {
    const [first, last] = [Math.floor(left / CELL), Math.floor((left + width) / CELL)];
    const [upper, lower] = [Math.floor(top / CELL), Math.floor((top + height) / CELL)];
    if (first < 0 || upper < 0 || last >= this.columns || lower >= this.rows) return false;
    for (let row = upper; row <= lower; row++) {
      for (let column = first; column <= last; column++)
        if (this.taken[row * this.columns + column] === 1) return false;
    }
    for (let row = upper; row <= lower; row++) {
      this.taken.fill(1, row * this.columns + first, row * this.columns + last + 1);
    }
    return true;
  }
}
