import Foundation
import SkiffBinary
import SkiffIR
import SkiffTestSupport

/// The 10,000 handwritten digits of MNIST's test set.
enum Digits {
  static let imagesFile = "mnist-t10k/res/raw/t10k-images-idx3-ubyte.gz"
  static let labelsFile = "mnist-t10k/res/raw/t10k-labels-idx1-ubyte.gz"

  /// Images of 28 by 28 pixels with one channel, from 0 to 255 times `scale`.
  static func images(_ range: Range<Int>, scale: Float = 1) throws -> Tensor {
    let size = 28 * 28
    let pixels = try elements(imagesFile, header: 16, range.lowerBound * size..<range.upperBound * size)
    return Tensor(pixels.map { Float($0) * scale }, shape: [range.count, 28, 28, 1])
  }

  static func labels(_ range: Range<Int>) throws -> [Int] {
    try elements(labelsFile, header: 8, range).map(Int.init)
  }

  /// Bytes of a gzipped IDX file, whose header comes before them.
  private static func elements(_ file: String, header: Int, _ range: Range<Int>) throws -> [UInt8] {
    let compressed = try Data(contentsOf: URL(fileURLWithPath: RealModel.path(file)))
    // RFC 1952: ten bytes and a name that ends with a zero; at the end a checksum and the size.
    guard compressed.count > 18, compressed[3] == 8, let name = compressed[10...].firstIndex(of: 0) else {
      throw TestSupportError("\(file) is not gzip with a name")
    }
    let size = compressed.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let bytes = try ByteRegion([UInt8](compressed[(name + 1)..<(compressed.count - 8)])).inflated(count: size)
    return bytes.withBytes { Array($0[header + range.lowerBound..<header + range.upperBound]) }
  }
}
