import CKernels
import SkiffIR

/// Where the blocks of a tensor stand: as `[outer, length, inner]`, each run of `size` along the middle is `inner` blocks that lie
/// between each other. All of them are one range of elements, which is called blocks here.
struct BlockLayout {
  let shape: [Int]
  let axis: Int
  let size: Int
  let count: Int
  private let length: Int
  private let inner: Int

  init(_ shape: [Int], axis: Int, size: Int) {
    (self.shape, self.axis, self.size) = (shape, axis, size)
    count = shape.reduce(1, *)
    length = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }

  private var runsAlong: Int { length / size + (length % size == 0 ? 0 : 1) }
  /// The number of runs in the tensor.
  private var runCount: Int { count == 0 ? 0 : count / (length * inner) * runsAlong }
  /// The number of scales.
  var groupCount: Int { runCount * inner }
  /// The sizes of a tensor of scales.
  var groupShape: [Int] {
    var sizes = shape
    sizes[axis] = runsAlong
    return sizes
  }

  private func start(_ run: Int) -> Int {
    (run / runsAlong * length + run % runsAlong * size) * inner
  }

  /// The elements of some runs.
  func elements(of runs: Range<Int>) -> Range<Int> {
    start(runs.lowerBound)..<(runs.upperBound == runCount ? count : start(runs.upperBound))
  }

  /// The scales of some runs.
  func groups(of runs: Range<Int>) -> Range<Int> { runs.lowerBound * inner..<runs.upperBound * inner }

  /// All runs, about `count` elements at a time.
  func pieces(of count: Int) -> [Range<Int>] {
    guard runCount > 0 else { return [] }
    let runs = max(1, count / max(1, min(size, length) * inner))
    return stride(from: 0, to: runCount, by: runs).map { $0..<min($0 + runs, runCount) }
  }

  /// Calls `body` with weights whose blocks follow each other, how they do, the first of their scales (of those of `runs`), and room for
  /// their codes.
  func forEachRun(
    of runs: Range<Int>, _ floats: UnsafeBufferPointer<Float>, _ codes: UnsafeMutableRawBufferPointer,
    _ body: (UnsafeBufferPointer<Float>, skiff_code_rows, Int, UnsafeMutableBufferPointer<Int8>) -> Void
  ) {
    guard inner > 1 else {
      let column = runs.lowerBound % runsAlong * size
      body(
        floats, skiff_code_rows(length: length, size: size, column: column), 0,
        codes.bindMemory(to: Int8.self))
      return
    }
    let first = start(runs.lowerBound)
    let most = min(size, length) * inner
    let columns = UnsafeMutableBufferPointer<Float>.allocate(capacity: most)
    let columnCodes = UnsafeMutableBufferPointer<Int8>.allocate(capacity: most)
    defer {
      columns.deallocate()
      columnCodes.deallocate()
    }
    for run in runs {
      let elements = self.elements(of: run..<run + 1)
      let (place, rows) = (elements.lowerBound - first, elements.count / inner)
      StridedView(sizes: [inner, rows], strides: [1, inner], start: place).copyAll(
        elementSize: 4, from: UnsafeRawBufferPointer(floats), to: UnsafeMutableRawBufferPointer(columns))
      let own = UnsafeMutableBufferPointer(rebasing: columnCodes[..<elements.count])
      body(
        UnsafeBufferPointer(rebasing: columns[..<elements.count]),
        skiff_code_rows(length: rows, size: rows, column: 0), (run - runs.lowerBound) * inner, own)
      StridedView(sizes: [rows, inner], strides: [1, rows]).copyAll(
        elementSize: 1, from: UnsafeRawBufferPointer(own),
        to: UnsafeMutableRawBufferPointer(rebasing: codes[place..<place + elements.count]))
    }
  }
}

extension StridedView {
  fileprivate func copyAll(
    elementSize: Int, from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer
  ) {
    copy(rows: 0..<rowCount, elementSize: elementSize, from: source, to: target)
  }
}
