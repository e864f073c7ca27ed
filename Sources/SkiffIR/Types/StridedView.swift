/// Elements of a dense tensor in another order: those at `start + Σ index[i] · strides[i]` for every index below `sizes`.
///
/// Strides count elements and may be 0 or negative.
package struct StridedView {
  private let sizes: [Int]
  private let strides: [Int]
  private let start: Int

  /// The elements of each row: along the innermost axis, with those that go on behind it.
  package var rowLength: Int { sizes.last ?? 1 }
  /// The number of rows.
  package var rowCount: Int { sizes.dropLast().reduce(1, *) }

  /// Creates a view; at least one element must be in it if any is read.
  package init(sizes: [Int], strides: [Int], start: Int = 0) {
    var (merged, steps): ([Int], [Int]) = ([], [])
    for (size, stride) in zip(sizes, strides) where size != 1 {
      if let last = merged.last, let step = steps.last, step == stride * size {
        merged[merged.count - 1] = last * size
        steps[steps.count - 1] = stride
      } else {
        merged.append(size)
        steps.append(stride)
      }
    }
    self.sizes = merged.isEmpty ? [1] : merged
    self.strides = merged.isEmpty ? [1] : steps
    self.start = start
  }

  /// Copies rows, densely, between elements of 1, 2, 4 or 8 bytes.
  package func copy(
    rows: Range<Int>, elementSize: Int, from source: UnsafeRawBufferPointer,
    to target: UnsafeMutableRawBufferPointer
  ) {
    guard !rows.isEmpty, rowLength > 0 else { return }
    let ends = zip(sizes, strides).map { ($0 - 1) * $1 }
    let (least, greatest) = (ends.reduce(start) { $0 + min($1, 0) }, ends.reduce(start) { $0 + max($1, 0) })
    precondition(
      least >= 0 && (greatest + 1) * elementSize <= source.count && rows.lowerBound >= 0
        && rows.upperBound <= rowCount && rows.count * rowLength * elementSize <= target.count)
    guard let source = source.baseAddress, let target = target.baseAddress else { return }
    switch elementSize {
    case 1: copy(rows, UInt8.self, source, target)
    case 2: copy(rows, UInt16.self, source, target)
    case 4: copy(rows, UInt32.self, source, target)
    default:
      precondition(elementSize == 8)
      copy(rows, UInt64.self, source, target)
    }
  }

  /// Rows that are read together where neighbours of the source are in neighbouring rows: a cache line of float32.
  private static let strip = 16

  private func copy<Bits: BitwiseCopyable>(
    _ rows: Range<Int>, _ bits: Bits.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer
  ) {
    let size = MemoryLayout<Bits>.stride
    let (length, step) = (rowLength, (strides.last ?? 1) * size)
    let next = sizes.count - 2
    var target = target
    var index = position(of: rows.lowerBound)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let offset = zip(index, strides).reduce(start) { $0 + $1.0 * $1.1 }
      let first = source + offset * size
      var count = 1
      if step == size {
        target.copyMemory(from: first, byteCount: length * size)
      } else {
        if next >= 0, strides[next] == 1 {
          count = min(Self.strip, sizes[next] - index[next], rows.upperBound - row)
        }
        // A block of so many columns stays in the cache while its rows are written.
        let block = count > 1 ? Self.strip : length
        for column in stride(from: 0, to: length, by: block) {
          let end = min(column + block, length)
          for lane in 0..<count {
            var (place, goal) = (
              first + column * step + lane * size, target + (lane * length + column) * size
            )
            for _ in column..<end {
              goal.storeBytes(of: place.loadUnaligned(as: Bits.self), as: Bits.self)
              (place, goal) = (place + step, goal + size)
            }
          }
        }
      }
      target += count * length * size
      row += count
      advance(&index, by: count)
    }
  }

  /// The indices of the first element of a row.
  private func position(of row: Int) -> [Int] {
    var (index, rest) = ([Int](repeating: 0, count: sizes.count), row)
    for axis in sizes.indices.dropLast().reversed() where sizes[axis] > 0 {
      index[axis] = rest % sizes[axis]
      rest /= sizes[axis]
    }
    return index
  }

  /// Moves on by rows, not beyond the end of the axis before the innermost one.
  private func advance(_ index: inout [Int], by count: Int) {
    var axis = sizes.count - 2
    guard axis >= 0 else { return }
    index[axis] += count
    while axis > 0, index[axis] >= sizes[axis] {
      index[axis] = 0
      axis -= 1
      index[axis] += 1
    }
  }
}
