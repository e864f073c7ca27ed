#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How often each of 256 symbols occurs.
package struct ByteHistogram: Sendable {
  /// One number for each symbol.
  package private(set) var counts = [Int](repeating: 0, count: 256)

  /// Counts bytes.
  package init(of bytes: ByteRegion) {
    // Four tables: equal bytes one behind the other do not wait for each other.
    var tables = [UInt32](repeating: 0, count: 4 * 256)
    bytes.withBytes { bytes in
      tables.withUnsafeMutableBufferPointer { tables in
        var next = 0
        while next < bytes.count {
          let end = min(bytes.count, next + 1 << 30)
          for index in next..<end { tables[index & 3 << 8 | Int(bytes[index])] &+= 1 }
          for entry in tables.indices {
            counts[entry & 255] += Int(tables[entry])
            tables[entry] = 0
          }
          next = end
        }
      }
    }
  }

  /// The bits that a symbol carries if symbols do not depend on each other (Shannon): the sum of -p log2 p.
  package var entropy: Double {
    let total = Double(counts.reduce(0, +))
    return counts.reduce(0) { sum, count in
      count == 0 ? sum : sum - Double(count) / total * log2(Double(count) / total)
    }
  }
}
