// The allocator. Blocks up to 32 KiB come from free lists, one a power of two; larger ones are runs of 64 KiB pages.
// The caller gives the size back, so that no block carries a header. 0 means out of memory.

const PAGE_BITS: u32 = 16;
const SMALLEST_BITS: u32 = 4;
const SMALL_CLASSES: u32 = 12;
const LARGEST_SMALL: usize = (<usize>1) << (SMALLEST_BITS + SMALL_CLASSES - 1);
/** Growing costs milliseconds in a large memory and detaches every view: by a sixteenth at least, and by so many pages. */
const GROWTH_PAGES: u32 = 16;

/** First free block of each class, linked through the blocks themselves. */
const smallBlocks = memory.data(SMALL_CLASSES << 2);
/** How many blocks of each page are in use, for pages that are cut into blocks; 16 bits a page. */
const blocksInUse = memory.data(1 << 17);
/** First free run; runs are linked in address order, by page number. Page 0 holds static data: 0 ends the list. */
let firstRun: u32 = 0;

/** Address of a block of at least `bytes` (>= 0) bytes, aligned to 16; 0 when memory is exhausted. The content is arbitrary. */
export function allocate(bytes: usize): usize {
  return bytes <= LARGEST_SMALL ? takeBlock(sizeClass(bytes)) : (<usize>takePages(pagesFor(bytes))) << PAGE_BITS;
}

/** Gives back the block at `block`; `bytes` is what it was allocated with. */
export function release(block: usize, bytes: usize): void {
  if (bytes <= LARGEST_SMALL) returnBlock(sizeClass(bytes), block);
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
  countInUse(block, 1);
  return block;
}

function returnBlock(size: u32, block: usize): void {
  countInUse(block, -1);
  linkBlock(size, block);
}

function countInUse(block: usize, change: i32): void {
  const counter = usesOf(block);
  store<u16>(counter, <u16>(<i32>load<u16>(counter) + change));
}

function usesOf(block: usize): usize {
  return blocksInUse + ((block >> PAGE_BITS) << 1);
}

function linkBlock(size: u32, block: usize): void {
  const head = smallBlocks + ((<usize>size) << 2);
  store<usize>(block, load<usize>(head));
  store<usize>(head, block);
}

/** Cuts one fresh page into blocks of a class. */
function carvePage(size: u32): bool {
  const page = (<usize>takePages(1)) << PAGE_BITS;
  if (!page) return false;
  const step = (<usize>1) << (SMALLEST_BITS + size);
  for (let offset: usize = 0; offset < (<usize>1) << PAGE_BITS; offset += step) linkBlock(size, page + offset);
  return true;
}

/**
 * Gives back the pages of which every block is free; false when there are none. It walks over all free blocks, and so it is
 * left until memory would have to grow.
 */
function reclaimPages(): bool {
  let found = false;
  for (let size: u32 = 0; size < SMALL_CLASSES; size++) {
    let previous = smallBlocks + ((<usize>size) << 2);
    let next: usize = 0;
    for (let block = load<usize>(previous); block; block = next) {
      next = load<usize>(block);
      if (load<u16>(usesOf(block))) {
        previous = block;
        continue;
      }
      store<usize>(previous, next);
      // A page goes with its first block; the others are only unlinked.
      if (block & ((1 << PAGE_BITS) - 1)) continue;
      returnPages(<u32>(block >> PAGE_BITS), 1);
      found = true;
    }
  }
  return found;
}

/**
 * Best fit, so that small requests leave the hole of a large table whole; cut from the front, so that what is left at the end
 * of memory grows with it. Grows memory when nothing fits.
 */
function takePages(count: u32): u32 {
  let best: u32 = 0;
  let beforeBest: u32 = 0;
  let last: u32 = 0;
  for (let run = firstRun; run; last = run, run = nextRun(run)) {
    const length = runLength(run);
    if (length < count || (best && length >= runLength(best))) continue;
    best = run;
    beforeBest = last;
  }
  if (!best) return reclaimPages() || growMemory(count, last) ? takePages(count) : 0;
  const left = runLength(best) - count;
  const rest = left ? best + count : nextRun(best);
  if (left) storeRun(rest, left, nextRun(best));
  linkRun(beforeBest, rest);
  return best;
}

/** Adds pages so that, with a free run at the end, `count` of them lie in a row; false when there are no more. */
function growMemory(count: u32, lastRun: u32): bool {
  const size = <u32>memory.size();
  const missing = lastRun && lastRun + runLength(lastRun) == size ? count - runLength(lastRun) : count;
  const chunk = max(GROWTH_PAGES, size >> 4);
  const grown = missing < chunk && memory.grow(chunk) >= 0 ? chunk : missing;
  if (grown == missing && memory.grow(missing) < 0) return false;
  returnPages(size, grown);
  return true;
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
