// The allocator. Blocks up to 32 KiB come from free lists, one a power of two; larger ones are runs of 64 KiB pages.
// The caller gives the size back, so that no block carries a header. 0 means out of memory.

const PAGE_BITS: u32 = 16;
const SMALLEST_BITS: u32 = 4;
const SMALL_CLASSES: u32 = 12;
const LARGEST_SMALL: usize = (<usize>1) << (SMALLEST_BITS + SMALL_CLASSES - 1);
/** Growing costs a call into the engine and detaches every view, so it is not done page by page. */
const GROWTH_PAGES: u32 = 16;

/** First free block of each class, linked through the blocks themselves. */
const smallBlocks = memory.data(SMALL_CLASSES << 2);
/** First free run; runs are linked in address order, by page number. Page 0 holds static data: 0 ends the list. */
let firstRun: u32 = 0;

/** Address of a block of at least `bytes` (>= 0) bytes, aligned to 16; 0 when memory is exhausted. The content is arbitrary. */
export function allocate(bytes: usize): usize {
  return bytes <= LARGEST_SMALL ? takeBlock(sizeClass(bytes)) : (<usize>takePages(pagesFor(bytes))) << PAGE_BITS;
}

/** Gives back the block at `block`; `bytes` is what it was allocated with. */
export function release(block: usize, bytes: usize): void {
  if (bytes <= LARGEST_SMALL) pushBlock(sizeClass(bytes), block);
  else returnPages(<u32>(block >> PAGE_BITS), pagesFor(bytes));
}

/** c such that 16 << c is the smallest size that holds `bytes`. */
function sizeClass(bytes: usize): u32 {
  return bytes <= (<usize>1) << SMALLEST_BITS ? 0 : 32 - SMALLEST_BITS - <u32>clz(<u32>bytes - 1);
}

/** Rounds up without overflowing near 4 GiB. */
function pagesFor(bytes: usize): u32 {
  return <u32>(bytes >> PAGE_BITS) + (bytes & 0xffff ? 1 : 0);
}

function takeBlock(size: u32): usize {
  const head = smallBlocks + ((<usize>size) << 2);
  if (!load<usize>(head) && !carvePage(size)) return 0;
  const block = load<usize>(head);
  store<usize>(head, load<usize>(block));
  return block;
}

function pushBlock(size: u32, block: usize): void {
  const head = smallBlocks + ((<usize>size) << 2);
  store<usize>(block, load<usize>(head));
  store<usize>(head, block);
}

/** Cuts one fresh page into blocks of a class. */
function carvePage(size: u32): bool {
  const page = (<usize>takePages(1)) << PAGE_BITS;
  if (!page) return false;
  const step = (<usize>1) << (SMALLEST_BITS + size);
  for (let offset: usize = 0; offset < (<usize>1) << PAGE_BITS; offset += step) pushBlock(size, page + offset);
  return true;
}

/** First fit, cut from the end of the run so that its links stay where they are; grows memory when nothing fits. */
function takePages(count: u32): u32 {
  let previous: u32 = 0;
  let run = firstRun;
  for (; run; previous = run, run = nextRun(run)) {
    const left = runLength(run) - count;
    if (<i32>left < 0) continue;
    if (left) storeRun(run, left, nextRun(run));
    else linkRun(previous, nextRun(run));
    return run + left;
  }
  const size = <u32>memory.size();
  const missing = previous && previous + runLength(previous) == size ? count - runLength(previous) : count;
  const grown = missing < GROWTH_PAGES && memory.grow(GROWTH_PAGES) >= 0 ? GROWTH_PAGES : missing;
  if (grown == missing && memory.grow(missing) < 0) return 0;
  returnPages(size, grown);
  return takePages(count);
}

/** Puts a run into its place and merges it with free neighbours. */
function returnPages(page: u32, count: u32): void {
  let previous: u32 = 0;
  let next = firstRun;
  for (; next && next < page; previous = next, next = nextRun(next)) {}
  if (next && page + count == next) {
    count += runLength(next);
    next = nextRun(next);
  }
  if (previous && previous + runLength(previous) == page) {
    storeRun(previous, runLength(previous) + count, next);
  } else {
    storeRun(page, count, next);
    linkRun(previous, page);
  }
}

function nextRun(run: u32): u32 {
  return load<u32>((<usize>run) << PAGE_BITS);
}

function runLength(run: u32): u32 {
  return load<u32>((<usize>run) << PAGE_BITS, 4);
}

function storeRun(run: u32, length: u32, next: u32): void {
  store<u32>((<usize>run) << PAGE_BITS, next);
  store<u32>((<usize>run) << PAGE_BITS, length, 4);
}

function linkRun(previous: u32, next: u32): void {
  if (previous) store<u32>((<usize>previous) << PAGE_BITS, next);
  else firstRun = next;
}
